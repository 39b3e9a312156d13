//! Which attributes and children each element of TwiML may have.

use super::twiml::Element;

/// Adds what the carrier warns of in `verb` to `warnings`.
pub(super) fn check(verb: &Element, warnings: &mut Vec<String>) {
    let Some(rule) = find(&verb.name) else {
        warnings.push(format!("12200: <{}> is no TwiML verb", verb.name));
        return;
    };
    if !rule.is_verb {
        warnings.push(format!("12200: <{}> is no TwiML verb", verb.name));
    }
    check_element(verb, rule, warnings);
}

fn check_element(element: &Element, rule: &Rule, warnings: &mut Vec<String>) {
    for name in element.attributes.keys() {
        if !rule.attributes.split(' ').any(|known| known == name) {
            warnings.push(format!(
                "12200: <{}> has no attribute '{name}'",
                element.name
            ));
        }
    }
    for child in &element.children {
        if rule.children == "*" {
            continue;
        }
        let is_allowed = rule.children.split(' ').any(|known| known == child.name);
        match find(&child.name).filter(|_| is_allowed) {
            Some(rule) => check_element(child, rule, warnings),
            None => warnings.push(format!(
                "12200: <{}> is not allowed in <{}>",
                child.name, element.name
            )),
        }
    }
    check_values(element, warnings);
}

fn check_values(element: &Element, warnings: &mut Vec<String>) {
    for (name, value) in &element.attributes {
        let is_number = value.parse::<u32>().is_ok();
        let is_wrong = match name.as_str() {
            "method"
            | "statusCallbackMethod"
            | "recordingStatusCallbackMethod"
            | "waitUrlMethod" => value != "GET" && value != "POST",
            "timeout" | "length" | "loop" | "numDigits" | "timeLimit" | "maxLength" => !is_number,
            "reason" => value != "rejected" && value != "busy",
            _ => false,
        };
        if is_wrong {
            let problem = format!("12200: <{}> {name}='{value}' is not a value", element.name);
            warnings.push(problem);
        }
    }
    let needs_text = ["Say", "Redirect", "Play", "Number", "Conference", "Enqueue"];
    let is_empty = element.text.is_empty() && element.children.is_empty();
    let has_digits = element.attribute("digits").is_some();
    if needs_text.contains(&element.name.as_str()) && is_empty && !has_digits {
        let code = if element.name == "Say" {
            "13520"
        } else {
            "12200"
        };
        warnings.push(format!("{code}: <{}> is empty", element.name));
    }
    if element.name == "Parameter" {
        let length: usize = element.attributes.values().map(String::len).sum();
        if length >= 500 || element.attributes.len() != 2 {
            warnings
                .push("12200: <Parameter> needs a name and a value of less than 500".to_owned());
        }
    }
}

fn find(name: &str) -> Option<&'static Rule> {
    RULES.iter().find(|rule| rule.name == name)
}

struct Rule {
    name: &'static str,
    is_verb: bool,
    attributes: &'static str,
    /// `*` for anything, as in SSML.
    children: &'static str,
}

const fn verb(name: &'static str, attributes: &'static str, children: &'static str) -> Rule {
    Rule {
        name,
        is_verb: true,
        attributes,
        children,
    }
}

const fn noun(name: &'static str, attributes: &'static str, children: &'static str) -> Rule {
    Rule {
        name,
        is_verb: false,
        attributes,
        children,
    }
}

const RULES: [Rule; 29] = [
    verb("Say", "voice language loop", "*"),
    verb("Play", "loop digits", ""),
    verb("Pause", "length", ""),
    verb(
        "Gather",
        "action method input timeout numDigits finishOnKey actionOnEmptyResult speechTimeout \
         maxSpeechTime language hints profanityFilter speechModel enhanced bargeIn \
         partialResultCallback partialResultCallbackMethod debug",
        "Say Play Pause",
    ),
    verb(
        "Dial",
        "action method timeout timeLimit callerId answerOnBridge hangupOnStar record \
         recordingStatusCallback recordingStatusCallbackMethod recordingStatusCallbackEvent \
         recordingTrack trim ringTone sequential referUrl referMethod recordingConfigurationId \
         callReason events passports",
        "Number Client Sip Conference Queue Application Sim WhatsApp",
    ),
    verb(
        "Record",
        "action method timeout finishOnKey maxLength playBeep trim recordingStatusCallback \
         recordingStatusCallbackMethod recordingStatusCallbackEvent transcribe \
         transcribeCallback recordingConfigurationId",
        "",
    ),
    verb("Redirect", "method", ""),
    verb("Reject", "reason", ""),
    verb("Hangup", "", ""),
    verb("Leave", "", ""),
    verb("Echo", "", ""),
    verb(
        "Enqueue",
        "action method waitUrl waitUrlMethod workflowSid maxQueueSize",
        "Task",
    ),
    verb("Refer", "action method", "Sip"),
    verb("Connect", "action method", "Stream ConversationRelay"),
    verb("Start", "action method", "Stream Recording Transcription"),
    verb("Stop", "", "Stream Recording Transcription"),
    noun(
        "Stream",
        "url name track statusCallback statusCallbackMethod connectorName",
        "Parameter",
    ),
    noun(
        "ConversationRelay",
        "url welcomeGreeting voice language",
        "Parameter",
    ),
    noun("Parameter", "name value", ""),
    noun("Recording", RECORDING, ""),
    noun(
        "Transcription",
        "name track statusCallbackUrl statusCallbackMethod inboundTrackLabel outboundTrackLabel \
         partialResults languageCode transcriptionEngine profanityFilter speechModel hints \
         enableAutomaticPunctuation intelligenceService",
        "",
    ),
    noun("Number", NUMBER, ""),
    noun(
        "Client",
        "url method statusCallback statusCallbackMethod statusCallbackEvent",
        "Identity Parameter",
    ),
    noun("Identity", "", ""),
    noun(
        "Sip",
        "username password url method statusCallback statusCallbackMethod statusCallbackEvent",
        "",
    ),
    noun(
        "Conference",
        "muted beep startConferenceOnEnter endConferenceOnExit participantLabel jitterBufferSize \
         waitUrl waitMethod maxParticipants record region trim coach statusCallback \
         statusCallbackMethod statusCallbackEvent recordingStatusCallback \
         recordingStatusCallbackMethod recordingStatusCallbackEvent eventCallbackUrl",
        "",
    ),
    noun("Queue", "url method reservationSid postWorkActivitySid", ""),
    noun(
        "Application",
        "url method statusCallback statusCallbackMethod",
        "ApplicationSid Parameter",
    ),
    noun("Task", "priority timeout", ""),
];

const RECORDING: &str = "recordingStatusCallback recordingStatusCallbackMethod \
    recordingStatusCallbackEvent trim track channels recordingConfigurationId";

const NUMBER: &str = "url method sendDigits byoc statusCallback statusCallbackMethod \
    statusCallbackEvent machineDetection machineDetectionTimeout machineDetectionSpeechThreshold \
    machineDetectionSpeechEndThreshold machineDetectionSilenceTimeout amdStatusCallback \
    amdStatusCallbackMethod";
