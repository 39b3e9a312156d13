//! The language of `fixtures/calls`: time and event on the left, answers behind `->`.
//!
//! Settings stand behind `!`, remarks behind `#`. Runs of audio are written as
//! one. Reports stand behind `--`.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::time::Duration;

use frontdesk::audio::Frame;
use frontdesk::call::{
    Action, AgentAct, AgentAction, CallPlan, CarrierAction, Errand, Event, HandsTo, Interruption,
    ItemKey, Notice, Order, Outcome, Recalled, Refused, Report, ResponseKey, Session, Spent,
    ToolAction, ToolAnswer, ToolEnd, ToolKey,
};
use frontdesk::domain::{
    Effect, EndReason, Limits, PermittedTool, Pii, SilencePolicy, Speaker, ToolName, Usage,
};

use super::stage::Stage;

/// Plays the events of a script and writes the script anew, with the answers
/// that the machine gives.
pub(super) fn replay(script: &str) -> String {
    let mut plan = CallPlan {
        silence: SilencePolicy {
            prompt_after: Duration::from_mins(1),
            prompts: 2,
        },
        limits: Limits {
            max_duration: Duration::from_hours(1),
        },
        interruption: Interruption::Truncate,
        has_zero_key: true,
        is_back: false,
        renew_after: Duration::from_mins(55),
        seed: 0,
    };
    let settings: Vec<&str> = script
        .lines()
        .filter_map(|line| line.strip_prefix("! "))
        .collect();
    let mut spent = Spent::default();
    for setting in &settings {
        set((&mut plan, &mut spent), setting);
    }
    let mut stage = Stage::new(plan);
    stage.session = Session::new(plan, stage.now).remembering(Vec::new(), spent);
    stage.returns_marks = !settings.contains(&"marks never return");
    let lasting = settings
        .iter()
        .find_map(|one| one.strip_prefix("our sentences last "));
    stage.sentence = lasting.map_or(stage.sentence, duration);
    let mut names = Names::default();
    let mut out = String::new();
    for line in script.lines() {
        let text = line.trim();
        if text.starts_with("->") || text.starts_with("--") || text.starts_with('+') {
            continue;
        }
        let Some((time, words)) = split_event(line) else {
            writeln!(out, "{line}").expect("a string takes all");
            continue;
        };
        let mut answers = Answers::default();
        let until = stage.began + time;
        stage.pass(until, &mut |at, action| {
            answers.add(Some(at), action, &names);
        });
        out += &answers.finish();
        writeln!(out, "{line}").expect("a string takes all");
        let mut answers = Answers::default();
        for event in names.read(words) {
            stage.happen(event, &mut |_, action| answers.add(None, action, &names));
        }
        out += &answers.finish();
    }
    out
}

fn split_event(line: &str) -> Option<(Duration, &str)> {
    let (time, words) = line.trim().split_once(char::is_whitespace)?;
    Some((Duration::from_millis(time.parse().ok()?), words.trim()))
}

fn set((plan, spent): (&mut CallPlan, &mut Spent), setting: &str) {
    let words: Vec<&str> = setting.split(' ').collect();
    match words[..] {
        ["prompt", "after", time] => plan.silence.prompt_after = duration(time),
        ["prompts", count] => plan.silence.prompts = count.parse().expect("a number of prompts"),
        ["renew", "after", time] => plan.renew_after = duration(time),
        ["max", "duration", time] => plan.limits.max_duration = duration(time),
        ["agent", "must", "be", "cancelled"] => {
            plan.interruption = Interruption::CancelAndTruncate;
        }
        ["agent", "interrupts", "itself"] => plan.interruption = Interruption::Agent,
        ["zero", "is", "data"] => plan.has_zero_key = false,
        ["caller", "is", "back"] => plan.is_back = true,
        ["tools", "were", "used", count] => spent.tools = count.parse().expect("a number of tools"),
        ["caller", "has", "asked", "for", "a", "person"] => spent.asked = 1,
        ["marks", "never", "return"] | ["our", "sentences", "last", _] => {}
        _ => panic!("no such setting: {setting}"),
    }
}

fn duration(text: &str) -> Duration {
    if let Some(ms) = text.strip_suffix("ms") {
        return Duration::from_millis(ms.parse().expect("milliseconds"));
    }
    let seconds = text.strip_suffix('s').expect("a duration, 20ms or 3s");
    Duration::from_secs(seconds.parse().expect("seconds"))
}

/// The names that a script gives to items and responses.
#[derive(Default)]
struct Names {
    items: BTreeMap<String, ItemKey>,
    responses: BTreeMap<String, ResponseKey>,
    /// Wishes to end the call so far.
    ends: u32,
}

impl Names {
    fn item(&mut self, name: &str) -> ItemKey {
        let next = ItemKey(u32::try_from(self.items.len()).expect("few items"));
        *self.items.entry(name.to_owned()).or_insert(next)
    }

    fn response(&mut self, name: &str) -> ResponseKey {
        let next = ResponseKey(u32::try_from(self.responses.len()).expect("few responses"));
        *self.responses.entry(name.to_owned()).or_insert(next)
    }

    fn of(&self, item: ItemKey) -> &str {
        let found = self.items.iter().find(|(_, key)| **key == item);
        found.map_or("?", |(name, _)| name)
    }

    fn of_response(&self, response: ResponseKey) -> Option<&str> {
        let mut known = self.responses.iter();
        let found = known.find(|(_, key)| **key == response);
        found.map(|(name, _)| name.as_str())
    }

    fn read(&mut self, line: &str) -> Vec<Event> {
        let (line, quoted) = match line.split_once('"') {
            Some((before, text)) => (before.trim(), text.trim_end_matches('"').to_owned()),
            None => (line, String::new()),
        };
        let words: Vec<&str> = line.split_whitespace().collect();
        vec![match words[..] {
            ["."] => return Vec::new(),
            ["carrier", "started"] => Event::CarrierStarted,
            ["carrier", "caught", "up"] => Event::CarrierCaughtUp,
            ["carrier", "leaves", untaken] => Event::CarrierBehind(duration(untaken)),
            ["carrier", "replaced"] => Event::CarrierReplaced,
            ["carrier", "stopped"] => Event::CarrierStopped,
            ["carrier", "lost"] => Event::CarrierLost,
            ["agent", "ready"] => Event::AgentReady,
            ["agent", "failed"] => Event::AgentFailed { is_final: false },
            ["agent", "refused"] => Event::AgentFailed { is_final: true },
            ["spare", "ready"] => Event::SpareReady,
            ["spare", "failed"] => Event::SpareFailed,
            ["agent", "closed"] => Event::AgentClosed,
            ["operator", ..] => Event::Ordered(ordered(&words[1..], quoted)),
            ["caller", "audio", length] => return caller_audio(None, duration(length)),
            ["caller", "audio", length, "at", at] => {
                return caller_audio(Some(duration(at)), duration(length));
            }
            ["digit", digit] => Event::Digit(digit.chars().next().expect("a digit")),
            ["speech", "started", item] => Event::SpeechStarted {
                item: self.item(item),
            },
            ["speech", "stopped", item] => Event::SpeechStopped {
                item: self.item(item),
            },
            ["caller", "said", item] => Event::CallerTranscript {
                item: self.item(item),
                text: quoted.into(),
            },
            ["transcribed", length] => Event::Used(transcribed(duration(length))),
            ["item", item, speaker] => self.added(item, None, speaker),
            ["item", item, speaker, "after", previous] => self.added(item, Some(previous), speaker),
            ["response", response, "started"] => Event::ResponseStarted(self.response(response)),
            ["response", "refused", ..] => Event::ResponseRefused(refused(&words[2..])),
            ["response", response, outcome] => self.done(response, outcome),
            ["audio", item, "done"] => Event::AgentAudioDone {
                item: self.item(item),
            },
            ["audio", response, item, length] => {
                return self.agent_audio(response, item, duration(length));
            }
            ["tool", call, ..] => self.tool(call, &words[2..]),
            ["text", item] => Event::AgentText {
                item: self.item(item),
                delta: quoted.into(),
            },
            ["ends", "call", response] => self.end_wished(response),
            _ => panic!("no such event: {line}"),
        }]
    }

    fn tool(&mut self, call: &str, words: &[&str]) -> Event {
        match *words {
            ["begun", name] => Event::AgentActs(AgentAct {
                call: ToolKey(call.parse().expect("the number of a wish")),
                name: Some(name.to_owned()),
                arguments: Pii::new("{}".to_owned()),
            }),
            [tool, response] => self.called(call, tool, response),
            ["ended"] => ended(errand(call), true, None),
            ["failed"] => ended(errand(call), false, None),
            ["hands", "to", "person"] => ended(errand(call), true, Some(HandsTo::Person)),
            ["hands", "to", "voicemail"] => ended(errand(call), true, Some(HandsTo::Voicemail)),
            _ => panic!("no such event of a tool: {words:?}"),
        }
    }

    fn end_wished(&mut self, response: &str) -> Event {
        let call = self.ends;
        self.ends += 1;
        self.called(&call.to_string(), "end_call", response)
    }

    fn called(&mut self, call: &str, tool: &str, response: &str) -> Event {
        let tool = match (tool, tool.parse::<ToolName>()) {
            (_, Ok(tool)) => Some(tool.into()),
            ("unknown", _) => None,
            (name, _) => Some(PermittedTool {
                name: name.to_owned(),
                effect: Effect::Looks,
                patience: Duration::from_secs(20),
            }),
        };
        Event::ToolCalled {
            call: ToolKey(call.parse().expect("the number of a wish")),
            response: self.response(response),
            tool,
            arguments: Pii::new("{}".to_owned()),
        }
    }

    fn added(&mut self, item: &str, previous: Option<&str>, speaker: &str) -> Event {
        Event::ItemAdded {
            item: self.item(item),
            previous: previous.map(|name| self.item(name)),
            speaker: speaker.parse().expect("caller or receptionist"),
        }
    }

    fn done(&mut self, response: &str, outcome: &str) -> Event {
        let outcome = match outcome {
            "done" => Outcome::Completed,
            "cancelled" => Outcome::Cancelled,
            "failed" => Outcome::Failed,
            "busy" => Outcome::Busy(Duration::from_millis(700)),
            "withheld" => Outcome::Withheld,
            _ => panic!("no such outcome: {outcome}"),
        };
        Event::ResponseDone {
            response: self.response(response),
            outcome,
            usage: Usage::default(),
        }
    }

    fn agent_audio(&mut self, response: &str, item: &str, length: Duration) -> Vec<Event> {
        let (response, item) = (self.response(response), self.item(item));
        let frames = frames(length).into_iter();
        frames
            .map(|frame| Event::AgentAudio {
                response,
                item,
                frame,
            })
            .collect()
    }
}

fn transcribed(length: Duration) -> Usage {
    Usage {
        transcribed_ms: i64::try_from(length.as_millis()).expect("a short time"),
        ..Usage::default()
    }
}

/// Why a response does not begin.
fn refused(why: &[&str]) -> Refused {
    match *why {
        [] => Refused::TooEarly,
        ["unasked"] => Refused::Unasked,
        ["busy"] => Refused::Busy(Duration::from_millis(700)),
        ["failed"] => Refused::Failed,
        _ => panic!("no such refusal: {why:?}"),
    }
}

fn errand(call: &str) -> Errand {
    match call {
        "person" => Errand::Person,
        call => Errand::Tool(ToolKey(call.parse().expect("the number of a wish"))),
    }
}

fn ended(errand: Errand, is_good: bool, hands_to: Option<HandsTo>) -> Event {
    let output = Pii::new("{}".to_owned());
    let end = ToolEnd {
        output,
        is_good,
        hands_to,
    };
    Event::ToolEnded { errand, end }
}

fn ordered(words: &[&str], quoted: String) -> Order {
    match *words {
        ["says"] => Order::Say(quoted.into()),
        [verb @ ("mutes" | "unmutes"), who] => Order::Mute {
            who: who.parse().expect("caller or receptionist"),
            is_on: verb == "mutes",
        },
        [verb @ ("holds" | "resumes")] => Order::Hold(verb == "holds"),
        ["transfers"] => Order::Transfer(HandsTo::Person),
        ["hangs", "up"] => Order::HangUp(EndReason::HungUp),
        _ => panic!("no such order: {words:?}"),
    }
}

fn caller_audio(at: Option<Duration>, length: Duration) -> Vec<Event> {
    let mut timestamp = at;
    let mut events = Vec::new();
    for frame in frames(length) {
        events.push(Event::CallerAudio { timestamp, frame });
        timestamp = timestamp.map(|at| at + frame.duration());
    }
    events
}

fn frames(length: Duration) -> Vec<Frame> {
    let mut left = usize::try_from(length.as_millis() * 8).expect("a short time");
    let mut frames = Vec::new();
    while left > 0 {
        let frame = Frame::silence(left.min(Frame::MAX_LEN));
        left -= frame.len();
        frames.push(frame);
    }
    frames
}

/// Answers as they are written, runs of audio as one.
#[derive(Default)]
struct Answers {
    out: String,
    run: Option<(Option<Duration>, &'static str, Duration)>,
}

impl Answers {
    fn add(&mut self, at: Option<Duration>, action: &Action, names: &Names) {
        let run = match action {
            Action::Carrier(CarrierAction::Play(frame)) => Some(("play", frame.duration())),
            Action::Agent(AgentAction::Listen(frame)) => Some(("listen", frame.duration())),
            Action::Carrier(_)
            | Action::Agent(_)
            | Action::Tool(_)
            | Action::Dial
            | Action::DialSpare
            | Action::Swap
            | Action::Utter(_)
            | Action::Report(_)
            | Action::End(_) => None,
        };
        if let (Some((verb, length)), Some((since, running, total))) = (run, &mut self.run)
            && verb == *running
            && *since == at
        {
            *total += length;
            return;
        }
        self.flush();
        match run {
            Some((verb, length)) => self.run = Some((at, verb, length)),
            None => self.line(at, &say(action, names)),
        }
    }

    fn finish(mut self) -> String {
        self.flush();
        self.out
    }

    fn flush(&mut self) {
        if let Some((at, verb, total)) = self.run.take() {
            self.line(at, &format!("-> {verb} {}", ms(total)));
        }
    }

    fn line(&mut self, at: Option<Duration>, text: &str) {
        let line = match at {
            Some(at) => format!("     + {:>6} {text}", at.as_millis()),
            None => format!("       {text}"),
        };
        writeln!(self.out, "{line}").expect("a string takes all");
    }
}

fn ms(duration: Duration) -> String {
    format!("{}ms", duration.as_millis())
}

fn told(notice: &Notice) -> String {
    match notice {
        Notice::Say(text) => format!("-> tell to say \"{}\"", text.expose()),
        Notice::HoldEnded => "-> tell of the hold".to_owned(),
        Notice::NobodyThere => "-> tell that nobody is there".to_owned(),
        Notice::NoAnswer(name) => {
            let name = name.as_deref().unwrap_or("?");
            format!("-> tell of no answer from {name}")
        }
    }
}

fn say(action: &Action, names: &Names) -> String {
    match action {
        Action::Carrier(CarrierAction::Play(_)) | Action::Agent(AgentAction::Listen(_)) => {
            String::new()
        }
        Action::Carrier(CarrierAction::Mark(mark)) => format!("-> mark {mark}"),
        Action::Carrier(CarrierAction::Clear) => "-> clear".to_owned(),
        Action::Agent(AgentAction::ReadDigits(digits)) => {
            format!("-> read digits {}", digits.expose())
        }
        Action::Agent(AgentAction::Tell(notice)) => told(notice),
        Action::Agent(AgentAction::Respond(reply)) => format!("-> respond {reply:?}"),
        Action::Agent(AgentAction::Cancel(response)) => {
            let response = response.and_then(|response| names.of_response(response));
            format!("-> cancel {}", response.unwrap_or("all"))
        }
        Action::Agent(AgentAction::Truncate { item, heard }) => {
            format!("-> truncate {} at {}", names.of(*item), ms(*heard))
        }
        Action::Agent(AgentAction::Delete { item }) => format!("-> delete {}", names.of(*item)),
        Action::Agent(AgentAction::AnswerTool { call, answer }) => match answer {
            ToolAnswer::EndAllowed => "-> allow end".to_owned(),
            ToolAnswer::EndRefused => "-> refuse end".to_owned(),
            ToolAnswer::Done(_) => format!("-> answer tool {}", call.0),
            ToolAnswer::Refused(refusal) => {
                format!("-> refuse tool {}: {}", call.0, refusal.as_str())
            }
        },
        Action::Tool(ToolAction::Run { call, name, .. }) => format!("-> run {name} {}", call.0),
        Action::Tool(ToolAction::FindPerson) => "-> find a person".to_owned(),
        Action::Tool(ToolAction::HandOver(_)) => "-> hand over".to_owned(),
        Action::Tool(ToolAction::Withdraw(_)) => "-> withdraw".to_owned(),
        Action::Agent(AgentAction::RecallTool {
            call, name, answer, ..
        }) => {
            let answer = match answer {
                Some(ToolAnswer::Done(_)) => "done",
                Some(ToolAnswer::Refused(refusal)) => refusal.as_str(),
                Some(ToolAnswer::EndAllowed | ToolAnswer::EndRefused) => "the end",
                None => "still running",
            };
            format!("-> recall tool {name} {}: {answer}", call.0)
        }
        Action::Agent(AgentAction::Recall(recalled)) => format!("-> recall {}", quote(recalled)),
        Action::Dial => "-> dial".to_owned(),
        Action::DialSpare => "-> dial spare".to_owned(),
        Action::Swap => "-> swap".to_owned(),
        Action::Utter(phrase) => format!("-> utter {phrase:?}"),
        Action::Report(report) => format!("-- {}", tell(report, names)),
        Action::End(end_reason) => format!("-> end {}", end_reason.as_str()),
    }
}

fn quote(recalled: &[Recalled]) -> String {
    let recalled = recalled.iter().map(|recalled| match recalled {
        Recalled::Said(said) => {
            let speaker: Speaker = said.speaker;
            format!("{}: \"{}\"", speaker.as_str(), said.text.expose())
        }
        Recalled::Keyed(digits) => format!("digits {}", digits.expose()),
    });
    recalled.collect::<Vec<_>>().join(", ")
}

fn tell(report: &Report, names: &Names) -> String {
    match report {
        Report::AgentLost => "agent lost".to_owned(),
        Report::AgentBack { after } => format!("agent back after {}", ms(*after)),
        Report::Connected => "connected".to_owned(),
        Report::Speaking(speaker) => format!("{} speaks", speaker.as_str()),
        Report::Said(said) => {
            let cut = if said.interrupted {
                ", interrupted"
            } else {
                ""
            };
            let speaker: Speaker = said.speaker;
            format!("{} said \"{}\"{cut}", speaker.as_str(), said.text.expose())
        }
        Report::Interrupted { item, heard } => {
            format!("{} interrupted at {}", names.of(*item), ms(*heard))
        }
        Report::Latency(latency) => {
            let heard = latency.heard.map_or("never".to_owned(), ms);
            format!(
                "answer sent after {}, heard after {heard}",
                ms(latency.sent)
            )
        }
        Report::Digits(digits) => format!("digits {}", digits.expose()),
        Report::OutOfDate { lasting } => format!("{} out of date", ms(*lasting)),
        Report::RanDry { lasting } => format!("ran dry for {}", ms(*lasting)),
        Report::Muted { who, is_on } => {
            let verb = if *is_on { "muted" } else { "heard again" };
            format!("{} {verb}", who.as_str())
        }
        Report::Held(is_on) => (if *is_on { "held" } else { "resumed" }).to_owned(),
        Report::Tool { name, outcome } => {
            format!("tool {} {outcome}", name.as_deref().unwrap_or("?"))
        }
        Report::Used(used) => match used.transcribed_ms {
            0 => "used".to_owned(),
            ms => format!("used: {ms}ms transcribed"),
        },
        Report::Silence { prompts } => format!("silence {prompts}"),
    }
}
