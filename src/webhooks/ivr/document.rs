//! A walk in TwiML.

use crate::routing::ivr::{Listening, Next, Prompt, Walk, Words};
use crate::twilio::twiml::{Gather, GatherInput, Key, Play, Response, Say, SpeechTimeout, Webhook};
use crate::webhooks::Webhooks;
use crate::webhooks::at::Point;
use crate::webhooks::speech::{Speech, understood};

/// What the carrier is to do at the end of a walk, and before that to let the
/// caller hear; `taken` is what it is to do where somebody else has the call.
/// None where the walk leaves the flow.
pub(super) fn written(
    house: &Webhooks,
    walk: &Walk,
    (point, language): (&Point, Option<&str>),
    taken: Option<Response>,
) -> Option<Response> {
    let said = said(walk, language);
    match &walk.next {
        Next::Listen(listening) => Some(said.gather(gather(house, listening, (point, language)))),
        Next::HandOver(_) => taken.map(|taken| said.append(taken)),
        Next::GoOn => Some(said.redirect(Webhook::new(house.stop_url("ivr", point)))),
        Next::HangUp => Some(said.hangup()),
        Next::Ask(_) | Next::Leave(_) => None,
    }
}

/// What the caller hears first.
pub(super) fn said(walk: &Walk, language: Option<&str>) -> Response {
    let prompts = walk.heard.iter();
    prompts.fold(Response::new(), |response, prompt| match prompt {
        Prompt::Say(words) => response.say(say(words, language)),
        Prompt::Play(url) => response.play(Play::new(url)),
    })
}

fn gather(
    house: &Webhooks,
    listening: &Listening,
    (point, language): (&Point, Option<&str>),
) -> Gather {
    // Who presses nothing is told of too: silence leads somewhere.
    let mut gather = Gather::new()
        .action(house.stop_url("ivr", point))
        .action_on_empty_result(true)
        .num_digits(listening.max_keys)
        .timeout(listening.timeout)
        .finish_on_key(listening.finish_on.and_then(Key::new));
    if let Some(hints) = &listening.hints {
        gather = gather
            .input(GatherInput::DtmfSpeech)
            .speech_timeout(SpeechTimeout::Auto);
        if !hints.is_empty() {
            let hints: Vec<&str> = hints.iter().map(String::as_str).collect();
            gather = gather.hints(&hints);
        }
        let language = spoken_in(listening).or(language);
        if let Some(language) = language.and_then(understood) {
            gather = gather.language(language);
        }
    }
    let prompts = listening.prompts.iter();
    prompts.fold(gather, |gather, prompt| match prompt {
        Prompt::Say(words) => gather.say(say(words, language)),
        Prompt::Play(url) => gather.play(Play::new(url)),
    })
}

/// The language of the question, in which it is likely to be answered.
fn spoken_in(listening: &Listening) -> Option<&str> {
    let prompts = listening.prompts.iter().rev();
    let mut languages = prompts.filter_map(|prompt| match prompt {
        Prompt::Say(words) => words.language.as_deref(),
        Prompt::Play(_) => None,
    });
    languages.next()
}

fn say(words: &Words, language: Option<&str>) -> Say {
    let speech = Speech::new(words.language.as_deref().or(language));
    let say = speech.say_own(&words.text);
    match &words.voice {
        Some(voice) => say.voice(voice),
        None => say,
    }
}
