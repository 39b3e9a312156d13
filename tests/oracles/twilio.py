"""Twilio's own library as the judge of our TwiML and our signatures.

    python3 -m venv /tmp/oracle-twilio
    /tmp/oracle-twilio/bin/pip install twilio==9.13.0
    FRONTDESK_ORACLE_DIR=/tmp/cases cargo test --test integration twilio::oracle
    /tmp/oracle-twilio/bin/python tests/oracles/twilio.py /tmp/cases

Reads `twiml.jsonl` ({"name", "xml"}), `routes.jsonl` (the same, as the gateway
answered its webhooks; names only) and `signatures.jsonl` from the folder
given, or from FRONTDESK_ORACLE_DIR. Each document is built here a second time
with `twilio.twiml`, under the same name, and compared as canonical XML; a name
that only one side has is a failure. Since the library takes any attribute
without a word, each one is also looked up among those that it declares. Prints `N passed, N failed`, and exits with
1 if anything failed.
"""

import inspect
import itertools
import json
import os
import sys
import xml.etree.ElementTree as ET
from pathlib import Path

# The file is named like the package it asks; keep its folder off the path.
sys.path = [entry for entry in sys.path if Path(entry or ".").resolve() != Path(__file__).parent.resolve()]

from twilio.twiml import TwiML, messaging_response, voice_response  # noqa: E402
from twilio.request_validator import HMAC_SHA256, RequestValidator  # noqa: E402
from twilio.twiml.messaging_response import Message, MessagingResponse  # noqa: E402
from twilio.twiml.voice_response import (  # noqa: E402
    Application, Client, Connect, ConversationRelay, Dial, Enqueue, Gather, Refer, Say, Siprec, SsmlEmphasis, SsmlP,
    Start, Stop, Stream, VoiceResponse,
)

WHO_AND_WHERE = dict(status_callback="/status", status_callback_method="POST", status_callback_event="initiated answered")
RECORDING = dict(
    recording_status_callback="/recording",
    recording_status_callback_method="GET",
    recording_status_callback_event="completed absent",
)
DETECTION = dict(
    machine_detection="DetectMessageEnd",
    amd_status_callback="/amd",
    amd_status_callback_method="GET",
    machine_detection_timeout=20,
    machine_detection_speech_threshold=2000,
    machine_detection_speech_end_threshold=1000,
    machine_detection_silence_timeout=4000,
)


def voice(*verbs):
    response = VoiceResponse()
    for verb in verbs:
        response.append(verb)
    return response


def inside(outer, *nouns):
    for noun in nouns:
        outer.append(noun)
    return voice(outer)


def documents():
    """Yields (name, document), under the names of tests/twilio/documents.rs."""
    yield from speech()
    yield from asking()
    yield from dialling()
    yield from queues()
    yield from beside()
    yield from words()
    yield from messages()


def speech():
    r = VoiceResponse()
    r.say('Grüße & <"both">\nof \'you\' \U0001F44B', voice="Polly.Joanna", language="en-US", loop=0)
    yield "say", r
    r = VoiceResponse()
    r.say("one")
    r.say("two")
    yield "say.plain", r
    yield "say.ssml", ssml()
    r = VoiceResponse()
    r.play("https://h.example/a.mp3?b=1&c=2", loop=3)
    r.play(digits="ww12#")
    yield "play", r
    r = VoiceResponse()
    r.pause(length=7)
    yield "pause", r
    r = VoiceResponse()
    r.echo()
    r.leave()
    r.hangup()
    yield "plain", r
    r = VoiceResponse()
    r.redirect("/next?a=1&b=2", method="GET")
    yield "redirect", r
    refer = Refer(action="/referred", method="POST")
    refer.sip("sip:desk@example.com")
    yield "refer", voice(refer)


def ssml():
    say = Say(voice="Polly.Amy")
    say.append("Call ")
    say.say_as("+14155550100", interpret_as="telephone")
    say.append(" on ")
    say.say_as("9/30/2026", interpret_as="date", format="mdy")
    say.break_(time="500ms")
    stressed = SsmlEmphasis("very", level="strong")
    stressed.break_(strength="weak")
    stressed.append("much")
    say.append(stressed)
    say.lang("Bonjour", xml_lang="fr-FR")
    paragraph = SsmlP(None)
    paragraph.s("One.")
    say.append(paragraph)
    say.phoneme("pecan", alphabet="ipa", ph="pɪˈkɑːn")
    say.prosody("aloud", volume="loud", rate="85%", pitch="+10%")
    say.sub("WWW", alias="World Wide Web")
    say.w("read", role="amazon:VB")
    say.append(" end")
    return voice(say)


def asking():
    gather = Gather(
        action="/gathered", method="GET", input="dtmf speech", timeout=4, num_digits=3, finish_on_key="*",
        action_on_empty_result=True, speech_timeout="auto", max_speech_time=20, language="en-GB",
        hints="sales,support & service", profanity_filter=False, speech_model="phone_call", enhanced=True,
        barge_in=False, partial_result_callback="/partial", partial_result_callback_method="GET", debug=True,
    )
    gather.say("Press one")
    gather.pause(length=1)
    gather.play("https://h.example/a.mp3")
    yield "gather", voice(gather)
    yield "gather.no_key", voice(Gather(finish_on_key="", speech_timeout=2))
    r = VoiceResponse()
    r.record(
        action="/recorded", method="POST", timeout=10, finish_on_key="#*", max_length=120, play_beep=True,
        trim="do-not-trim", transcribe=True, transcribe_callback="/transcribed", recording_configuration_id="RC1",
        **RECORDING,
    )
    yield "record", r


def dialling():
    yield "dial", voice(Dial(
        action="/dialled", method="POST", timeout=20, time_limit=3600, caller_id="+14155550100",
        answer_on_bridge=True, hangup_on_star=True, record="record-from-answer-dual", recording_track="inbound",
        recording_configuration_id="RC1", trim="trim-silence", ring_tone="us-old", sequential=True,
        refer_url="/refer", refer_method="GET", call_reason="Your appointment", events="call-progress-event",
        passports="a.b.c", **RECORDING,
    ))
    dial = Dial()
    dial.number(
        "+14155550101", url="/whisper", method="GET", send_digits="wwww1928", byoc="BY1", **WHO_AND_WHERE, **DETECTION
    )
    dial.number("+14155550102")
    yield "dial.number", voice(dial)
    told = Client()
    told.identity("bob")
    told.parameter(name="key", value="a & b")
    yield "dial.client", inside(Dial(), Client("alice & co", url="/whisper", **WHO_AND_WHERE), told)
    dial = Dial()
    dial.sip(
        "sip:kate@example.com?x-customer=1&b=2", username="me", password="p&ss", url="/whisper", method="GET",
        **WHO_AND_WHERE, **DETECTION,
    )
    yield "dial.sip", voice(dial)
    dial = Dial()
    dial.sim("DE1")
    yield "dial.sim", voice(dial)
    dial = Dial()
    dial.whats_app("+14155550103", url="/whisper", **WHO_AND_WHERE)
    yield "dial.whats_app", voice(dial)
    yield "dial.application", inside(Dial(), Application(
        "AP1", url="/whisper", method="POST", customer_id="customer-1", copy_parent_to=True, **WHO_AND_WHERE
    ))
    told = Application()
    told.application_sid("AP2")
    told.parameter(name="key", value="a & b")
    yield "dial.application.told", inside(Dial(), told)
    dial = Dial()
    dial.conference(
        "Room 1", muted=True, beep="onEnter", start_conference_on_enter=False, end_conference_on_exit=True,
        participant_label="agent-1", jitter_buffer_size="small", wait_url="", wait_method="GET", max_participants=5,
        record="record-from-start", region="ie1", trim="trim-silence", coach="CA1", status_callback="/conference",
        status_callback_method="POST", status_callback_event="join leave", recording_configuration_id="RC1",
        event_callback_url="/events", **RECORDING,
    )
    yield "dial.conference", voice(dial)


def queues():
    dial = Dial()
    dial.queue("support", url="/about", method="GET", reservation_sid="WR1", post_work_activity_sid="WA1")
    yield "dial.queue", voice(dial)
    r = VoiceResponse()
    r.enqueue(
        "support", action="/dequeued", method="POST", wait_url="/wait", wait_url_method="GET", max_queue_size=10
    )
    yield "enqueue", r
    enqueue = Enqueue(None, workflow_sid="WW1")
    enqueue.task('{"skill":"<french>"}', priority=5, timeout=30)
    yield "enqueue.task", voice(enqueue)


def beside():
    stream = Stream(
        url="wss://h.example/media-stream", name="main", status_callback="https://h.example/status",
        status_callback_method="POST",
    )
    stream.parameter(name="token", value='a"b')
    yield "connect.stream", inside(Connect(action="/stream-ended", method="POST"), stream)
    relay = ConversationRelay(
        url="wss://h.example/relay", welcome_greeting="Hi & hello", welcome_greeting_interruptible="speech",
        interruptible="any", language="en-US", tts_provider="ElevenLabs", voice="UgBBYS2sOqTuMpoF3BR0",
        transcription_provider="Deepgram", speech_model="nova-3-general", dtmf_detection=True, hints="frontdesk,TwiML",
    )
    relay.language(
        code="sv-SE", tts_provider="Amazon", voice="Elin-Neural", transcription_provider="Google", speech_model="long"
    )
    relay.parameter(name="token", value='a"b')
    yield "connect.relay", inside(Connect(), relay)
    fork = Stream(
        url="wss://h.example/fork", name="fork", track="both_tracks", status_callback="https://h.example/status",
        status_callback_method="GET",
    )
    fork.parameter(name="token", value='a"b')
    start, stop = Start(action="/started", method="GET"), Stop()
    start.append(fork)
    stop.stream(name="fork")
    yield "start.stream", voice(start, stop)
    siprec = Siprec(
        name="copy", connector_name="recorder", track="both_tracks", status_callback="https://h.example/status",
        status_callback_method="POST",
    )
    siprec.parameter(name="token", value='a"b')
    start, stop = Start(), Stop()
    start.append(siprec)
    stop.siprec(name="copy")
    yield "start.siprec", voice(start, stop)
    start = Start()
    start.recording(
        trim="trim-silence", track="both", channels="dual", recording_configuration_id="RC1", **RECORDING
    )
    yield "start.recording", voice(start)
    start, stop = Start(), Stop()
    start.transcription(
        name="words", track="both_tracks", status_callback_url="https://h.example/words",
        status_callback_method="POST", inbound_track_label="caller", outbound_track_label="desk",
        partial_results=True, language_code="en-US", transcription_engine="google", profanity_filter=True,
        speech_model="telephony", hints="frontdesk,TwiML", enable_automatic_punctuation=True,
        intelligence_service="GA1",
    )
    stop.transcription(name="words")
    yield "start.transcription", voice(start, stop)


def words():
    """The closed vocabularies, spelled here a second time."""
    def noun(outer, method, **attributes):
        getattr(outer, method)(**attributes)
        return voice(outer)

    def spoken(method, *arguments, **attributes):
        return noun_of(Say(), method, *arguments, **attributes)

    def noun_of(outer, method, *arguments, **attributes):
        getattr(outer, method)(*arguments, **attributes)
        return voice(outer)

    def conference(**attributes):
        return noun(Dial(), "conference", name="a", **attributes)

    def relay(word):
        connect = Connect()
        connect.conversation_relay(url="wss://h/x", interruptible=word)
        return voice(connect)

    events = dict(status_callback="/s")
    vocabularies = {
        "input": ("dtmf,speech,dtmf speech", lambda w: voice(Gather(input=w))),
        "reason": ("rejected,busy", lambda w: noun(VoiceResponse(), "reject", reason=w).verbs[0]),
        "trim": (
            "trim-silence,do-not-trim", lambda w: noun(VoiceResponse(), "record", trim=w).verbs[0]
        ),
        "dialRecord": (
            "do-not-record,record-from-answer,record-from-ringing,record-from-answer-dual,record-from-ringing-dual",
            lambda w: voice(Dial(record=w)),
        ),
        "recordingTrack": ("both,inbound,outbound", lambda w: voice(Dial(recording_track=w))),
        "channels": ("mono,dual", lambda w: noun(Start(), "recording", channels=w)),
        "track": (
            "inbound_track,outbound_track,both_tracks",
            lambda w: noun(Start(), "stream", url="wss://h/x", track=w),
        ),
        "transcriptionEngine": (
            "google,deepgram", lambda w: noun(Start(), "transcription", transcription_engine=w)
        ),
        "callEvent": (
            "initiated,ringing,answered,completed",
            lambda w: noun(Dial(), "client", identity="a", status_callback_event=w, **events),
        ),
        "recordingEvent": (
            "in-progress,completed,absent",
            lambda w: noun(
                VoiceResponse(), "record", recording_status_callback="/s", recording_status_callback_event=w
            ).verbs[0],
        ),
        "conferenceEvent": (
            "start,end,join,leave,mute,hold,modify,speaker,announcement",
            lambda w: conference(status_callback_event=w, **events),
        ),
        "beep": ("true,false,onEnter,onExit", lambda w: conference(beep=w)),
        "jitterBufferSize": ("large,medium,small,off", lambda w: conference(jitter_buffer_size=w)),
        "conferenceRecord": ("do-not-record,record-from-start", lambda w: conference(record=w)),
        "machineDetection": (
            "Enable,DetectMessageEnd", lambda w: noun(Dial(), "sip", sip_url="sip:a@b", machine_detection=w)
        ),
        "interruptible": ("none,dtmf,speech,any", relay),
        "strength": (
            "none,x-weak,weak,medium,strong,x-strong", lambda w: spoken("break_", strength=w)
        ),
        "level": ("strong,moderate,reduced", lambda w: spoken("emphasis", "a", level=w)),
        "interpretAs": (
            "characters,spell-out,cardinal,number,ordinal,digits,fraction,unit,date,time,address,expletive,telephone",
            lambda w: spoken("say_as", "1", interpret_as=w),
        ),
        "alphabet": (
            "ipa,x-sampa,x-amazon-jyutping,x-amazon-pinyin,x-amazon-pron-kana,x-amazon-yomigana",
            lambda w: spoken("phoneme", "b", alphabet=w, ph="a"),
        ),
    }
    for kind, (all_words, build) in vocabularies.items():
        for word in all_words.split(","):
            yield f"{kind}={word}", build(word)


def messages():
    response = MessagingResponse()
    response.message(
        "Thanks & bye", to="+14155550100", from_="+14155550101", action="/sent", method="POST",
        status_callback="/status",
    )
    picture = Message()
    picture.body("Look")
    picture.media("https://h.example/a.png?b=1&c=2")
    picture.media("/b.png")
    response.append(picture)
    response.redirect("/next", method="GET")
    yield "message", response


class Form:
    """Repeated parameters, as the validator asks web frameworks for them."""

    def __init__(self, pairs):
        self.pairs = pairs

    def __iter__(self):
        return (name for name, _ in self.pairs)

    def __len__(self):
        return len(self.pairs)

    def getall(self, name):
        return [value for key, value in self.pairs if key == name]


def lines(path):
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def judge_twiml(folder):
    ours = {case["name"]: case["xml"] for case in lines(folder / "twiml.jsonl")}
    theirs = dict(documents())
    for name in sorted(ours.keys() | theirs.keys()):
        if name not in ours or name not in theirs:
            yield f"{name}: only {'we' if name in ours else 'the oracle'} have it"
            continue
        mine = ET.canonicalize(ours[name])
        judged = ET.canonicalize(theirs[name].to_xml())
        yield None if mine == judged else f"{name}:\n  ours   {mine}\n  theirs {judged}"


# Documented by Twilio, and not declared by the library.
ONLY_DOCUMENTED = {("Dial", "callReason")}


def declared():
    """Every element and attribute that a method of the library declares."""
    known = set()
    for module in (voice_response, messaging_response):
        for kind in vars(module).values():
            if not (inspect.isclass(kind) and issubclass(kind, TwiML) and kind is not TwiML):
                continue
            for name, method in vars(kind).items():
                if name.startswith("_"):
                    continue
                names = [n for n in inspect.signature(method).parameters if n not in ("self", "kwargs")]
                made = method(kind(**blanks(kind)), **{n: "x" for n in names})
                known.update((made.name, attribute) for attribute in made.attrs)
    return known


def blanks(kind):
    parameters = inspect.signature(kind.__init__).parameters.values()
    return {p.name: "x" for p in parameters if p.name not in ("self", "kwargs")}


def judge_names(folder):
    known = declared() | ONLY_DOCUMENTED
    used = set()
    served = folder / "routes.jsonl"
    cases = lines(folder / "twiml.jsonl") + (lines(served) if served.exists() else [])
    for case in cases:
        for element in ET.fromstring(case["xml"]).iter():
            used.update((element.tag, attribute) for attribute in element.attrib)
    for element, attribute in sorted(used):
        attribute = attribute.replace("{http://www.w3.org/XML/1998/namespace}", "xml:")
        yield None if (element, attribute) in known else f"<{element} {attribute}> is not Twilio's"


def judge_signatures(folder):
    for case in lines(folder / "signatures.jsonl"):
        validator, form = RequestValidator(case["token"]), Form(case["params"])
        sha1 = validator.compute_signature(case["url"], form)
        yield None if sha1 == case["sha1"] else f"{case['name']}: sha1 {case['sha1']} is not {sha1}"
        sha256 = validator.compute_signature(case["url"], form, HMAC_SHA256)
        yield None if sha256 == case["sha256"] else f"{case['name']}: sha256 {case['sha256']} is not {sha256}"
        for verdict in case["verdicts"]:
            judged = validator.validate(verdict["url"], form, case["sha1"])
            same = judged == verdict["valid"]
            yield None if same else f"{case['name']} asked as {verdict['url']}: the oracle says {judged}"


def main():
    folder = sys.argv[1] if len(sys.argv) > 1 else os.environ.get("FRONTDESK_ORACLE_DIR")
    if not folder:
        sys.exit("name the folder with the cases, or set FRONTDESK_ORACLE_DIR")
    judges = (judge_twiml, judge_names, judge_signatures)
    results = list(itertools.chain.from_iterable(judge(Path(folder)) for judge in judges))
    failures = [result for result in results if result]
    for failure in failures:
        print(failure)
    print(f"{len(results) - len(failures)} passed, {len(failures)} failed")
    sys.exit(1 if failures else 0)


if __name__ == "__main__":
    main()
