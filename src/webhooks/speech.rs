//! What we say by ourselves, in the language of the number.

use crate::twilio::twiml::Say;

/// A language: what we say in it, and what the carrier calls it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Speech {
    pub(super) phrases: &'static Phrases,
    /// The carrier's name of the phrases' language.
    tag: &'static str,
    /// The carrier's name of the number's language, which may be one that we
    /// have no phrases in.
    own_tag: Option<&'static str>,
}

/// Our own sentences. `{}` is a number, or digits.
#[derive(Debug)]
pub(super) struct Phrases {
    pub(super) leave_a_message: &'static str,
    pub(super) nothing_heard: &'static str,
    pub(super) thanks: &'static str,
    pub(super) place_in_queue: &'static str,
    pub(super) waiting_time: &'static str,
    pub(super) press_1_for_message: &'static str,
    pub(super) press_1_to_accept: &'static str,
    pub(super) press_1_to_call: &'static str,
    pub(super) connecting: &'static str,
    pub(super) next_caller: &'static str,
    pub(super) nobody_waits: &'static str,
    /// Whoever wants to take a call comes too late.
    pub(super) no_longer_waits: &'static str,
    pub(super) recorded: &'static str,
    pub(super) recorded_if_you_stay: &'static str,
    pub(super) recorded_if_you_say_so: &'static str,
    pub(super) recorded_if_you_press_1: &'static str,
    /// The house closes in the middle of a call.
    pub(super) interrupted: &'static str,
    pub(super) call_again: &'static str,
    pub(super) call_again_if_nobody_came: &'static str,
    /// Words that agree, and words that do not, in lower case.
    pub(super) yes: &'static [&'static str],
    pub(super) no: &'static [&'static str],
}

impl Speech {
    /// The language of this BCP 47 tag; English where nobody has chosen one,
    /// or where we do not speak it.
    pub(super) fn new(language: Option<&str>) -> Self {
        let own_tag = language.and_then(tag);
        let primary = own_tag.map_or("en", |tag| &tag[..2]);
        let spoken = LANGUAGES.iter().find(|(name, _)| *name == primary);
        match spoken {
            Some((_, phrases)) => Self {
                phrases,
                tag: own_tag.unwrap_or("en-US"),
                own_tag,
            },
            None => Self {
                phrases: &ENGLISH,
                tag: "en-US",
                own_tag,
            },
        }
    }

    /// Says a phrase of ours.
    pub(super) fn say(&self, phrase: &str) -> Say {
        Say::new(phrase).language(self.tag)
    }

    /// The carrier's name of the language of our phrases.
    pub(super) fn tag(&self) -> &'static str {
        self.tag
    }

    /// Whether our phrases are English.
    pub(super) fn is_english(&self) -> bool {
        self.tag.starts_with("en")
    }

    /// Says what the tenant wrote.
    pub(super) fn say_own(&self, words: &str) -> Say {
        let say = Say::new(words);
        match self.own_tag {
            Some(tag) => say.language(tag),
            None => say,
        }
    }
}

/// The carrier's name of a language in which somebody is to be understood: as it speaks it.
/// It understands more languages than those, each by its region.
pub(super) fn understood(language: &str) -> Option<&str> {
    let has_region = language.split('-').skip(1).any(|part| part.len() == 2);
    tag(language).or(Some(language).filter(|_| has_region))
}

/// The carrier's name of a language: the same, or the nearest relative.
fn tag(language: &str) -> Option<&'static str> {
    let same = TAGS.iter().find(|tag| tag.eq_ignore_ascii_case(language));
    let primary = language.split('-').next().unwrap_or_default();
    let relative = || {
        TAGS.iter()
            .find(|tag| tag[..2].eq_ignore_ascii_case(primary))
    };
    same.or_else(relative).copied()
}

/// <https://www.twilio.com/docs/voice/twiml/say#attributes-language>; of the
/// relatives, the first is taken for all that are not here.
const TAGS: [&str; 26] = [
    "ca-ES", "da-DK", "de-DE", "en-US", "en-AU", "en-CA", "en-GB", "en-IN", "es-ES", "es-MX",
    "fi-FI", "fr-FR", "fr-CA", "it-IT", "ja-JP", "ko-KR", "nb-NO", "nl-NL", "pl-PL", "pt-PT",
    "pt-BR", "ru-RU", "sv-SE", "zh-CN", "zh-HK", "zh-TW",
];

const LANGUAGES: [(&str, &Phrases); 4] = [
    ("en", &ENGLISH),
    ("de", &GERMAN),
    ("es", &SPANISH),
    ("fr", &FRENCH),
];

static ENGLISH: Phrases = Phrases {
    leave_a_message: "Nobody can take your call at the moment. Please leave a message after the \
        tone, with your name and your number.",
    nothing_heard: "We did not hear anything. Goodbye.",
    thanks: "Thank you. Goodbye.",
    place_in_queue: "You are number {} in the queue.",
    waiting_time: "The waiting time is about {} minutes.",
    press_1_for_message: "Press 1 to leave a message instead.",
    press_1_to_accept: "Press 1 to take the call.",
    press_1_to_call: "Press 1 to call {}.",
    connecting: "We are connecting you now.",
    next_caller: "You are being connected with the next caller.",
    nobody_waits: "Nobody else is waiting. Goodbye.",
    no_longer_waits: "The caller is no longer waiting. Goodbye.",
    recorded: "This call is recorded.",
    recorded_if_you_stay: "This call is recorded. If you stay on the line, you agree.",
    recorded_if_you_say_so: "May we record this call? Please say yes or no.",
    recorded_if_you_press_1: "Press 1 if we may record this call, or 2 to go on without.",
    interrupted: "We are sorry, we are interrupted here. One moment, please.",
    call_again: "Please call again in a few minutes. Goodbye.",
    call_again_if_nobody_came: "If you have not spoken with anybody, please call again in a few \
        minutes. Goodbye.",
    yes: &[
        "yes", "yeah", "yep", "sure", "okay", "ok", "agree", "agreed", "fine",
    ],
    no: &["no", "nope", "not", "don't", "dont", "never", "disagree"],
};

static GERMAN: Phrases = Phrases {
    leave_a_message: "Zurzeit kann niemand Ihren Anruf annehmen. Bitte hinterlassen Sie nach dem \
        Ton eine Nachricht mit Ihrem Namen und Ihrer Nummer.",
    nothing_heard: "Wir haben nichts gehört. Auf Wiederhören.",
    thanks: "Vielen Dank. Auf Wiederhören.",
    place_in_queue: "Sie sind Nummer {} in der Warteschlange.",
    waiting_time: "Die Wartezeit beträgt etwa {} Minuten.",
    press_1_for_message: "Drücken Sie die 1, um stattdessen eine Nachricht zu hinterlassen.",
    press_1_to_accept: "Drücken Sie die 1, um das Gespräch anzunehmen.",
    press_1_to_call: "Drücken Sie die 1, um {} anzurufen.",
    connecting: "Wir verbinden Sie jetzt.",
    next_caller: "Sie werden mit dem nächsten Anrufer verbunden.",
    nobody_waits: "Es wartet niemand mehr. Auf Wiederhören.",
    no_longer_waits: "Der Anrufer wartet nicht mehr. Auf Wiederhören.",
    recorded: "Dieses Gespräch wird aufgezeichnet.",
    recorded_if_you_stay: "Dieses Gespräch wird aufgezeichnet. Wenn Sie am Apparat bleiben, sind \
        Sie \
        einverstanden.",
    recorded_if_you_say_so: "Dürfen wir dieses Gespräch aufzeichnen? Bitte sagen Sie Ja oder Nein.",
    recorded_if_you_press_1: "Drücken Sie die 1, wenn wir dieses Gespräch aufzeichnen dürfen, \
        oder die 2 für \
        ein Gespräch ohne Aufzeichnung.",
    interrupted: "Es tut uns leid, wir werden hier unterbrochen. Einen Moment, bitte.",
    call_again: "Bitte rufen Sie in einigen Minuten wieder an. Auf Wiederhören.",
    call_again_if_nobody_came: "Wenn Sie niemanden erreicht haben, rufen Sie bitte in einigen \
        Minuten wieder an. Auf Wiederhören.",
    yes: &[
        "ja",
        "jawohl",
        "okay",
        "ok",
        "einverstanden",
        "gerne",
        "gern",
        "klar",
    ],
    no: &["nein", "nee", "nö", "nicht", "kein", "keine", "keinesfalls"],
};

static SPANISH: Phrases = Phrases {
    leave_a_message: "En este momento nadie puede atender su llamada. Deje un mensaje después del \
        tono, con su nombre y su número.",
    nothing_heard: "No hemos oído nada. Adiós.",
    thanks: "Gracias. Adiós.",
    place_in_queue: "Usted es el número {} en la cola.",
    waiting_time: "El tiempo de espera es de unos {} minutos.",
    press_1_for_message: "Pulse 1 si prefiere dejar un mensaje.",
    press_1_to_accept: "Pulse 1 para aceptar la llamada.",
    press_1_to_call: "Pulse 1 para llamar al {}.",
    connecting: "Le conectamos ahora.",
    next_caller: "Le conectamos con la siguiente llamada.",
    nobody_waits: "No espera nadie más. Adiós.",
    no_longer_waits: "Quien llamaba ya no está esperando. Adiós.",
    recorded: "Esta llamada se graba.",
    recorded_if_you_stay: "Esta llamada se graba. Si permanece en línea, acepta la grabación.",
    recorded_if_you_say_so: "¿Podemos grabar esta llamada? Diga sí o no.",
    recorded_if_you_press_1: "Pulse 1 si podemos grabar esta llamada, o 2 para continuar sin \
        grabación.",
    interrupted: "Lo sentimos, se nos interrumpe la llamada. Un momento, por favor.",
    call_again: "Por favor, vuelva a llamar en unos minutos. Adiós.",
    call_again_if_nobody_came: "Si no ha hablado con nadie, vuelva a llamar en unos minutos. \
        Adiós.",
    yes: &[
        "sí", "si", "claro", "vale", "acepto", "okay", "ok", "acuerdo",
    ],
    no: &["no", "nunca", "tampoco"],
};

static FRENCH: Phrases = Phrases {
    leave_a_message: "Personne ne peut prendre votre appel pour le moment. Laissez un message \
        après le bip, avec votre nom et votre numéro.",
    nothing_heard: "Nous n'avons rien entendu. Au revoir.",
    thanks: "Merci. Au revoir.",
    place_in_queue: "Vous êtes le numéro {} dans la file d'attente.",
    waiting_time: "Le temps d'attente est d'environ {} minutes.",
    press_1_for_message: "Appuyez sur 1 pour laisser plutôt un message.",
    press_1_to_accept: "Appuyez sur 1 pour prendre l'appel.",
    press_1_to_call: "Appuyez sur 1 pour appeler le {}.",
    connecting: "Nous vous mettons en relation.",
    next_caller: "Nous vous mettons en relation avec l'appelant suivant.",
    nobody_waits: "Plus personne n'attend. Au revoir.",
    no_longer_waits: "L'appelant n'attend plus. Au revoir.",
    recorded: "Cet appel est enregistré.",
    recorded_if_you_stay: "Cet appel est enregistré. Si vous restez en ligne, vous y consentez.",
    recorded_if_you_say_so: "Pouvons-nous enregistrer cet appel ? Dites oui ou non.",
    recorded_if_you_press_1: "Appuyez sur 1 si nous pouvons enregistrer cet appel, ou sur 2 pour \
        continuer \
        sans enregistrement.",
    interrupted: "Nous sommes désolés, nous sommes interrompus. Un instant, s'il vous plaît.",
    call_again: "Veuillez rappeler dans quelques minutes. Au revoir.",
    call_again_if_nobody_came: "Si vous n'avez parlé à personne, veuillez rappeler dans quelques \
        minutes. Au revoir.",
    yes: &[
        "oui",
        "ouais",
        "d'accord",
        "accepte",
        "j'accepte",
        "okay",
        "ok",
    ],
    no: &["non", "pas", "jamais", "refuse"],
};

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_language_is_spoken_as_it_is_or_as_its_nearest_relative() {
        for (asked, own, ours) in [
            (Some("de-DE"), Some("de-DE"), "de-DE"),
            (Some("de-AT"), Some("de-DE"), "de-DE"),
            (Some("EN-gb"), Some("en-GB"), "en-GB"),
            (Some("fr"), Some("fr-FR"), "fr-FR"),
            (Some("pl-PL"), Some("pl-PL"), "en-US"),
            (Some("tlh"), None, "en-US"),
            (Some(""), None, "en-US"),
            (Some("e"), None, "en-US"),
            (None, None, "en-US"),
        ] {
            let speech = Speech::new(asked);
            assert_eq!((speech.own_tag, speech.tag), (own, ours), "{asked:?}");
        }
        for (asked, heard) in [
            ("de", Some("de-DE")),
            ("de-AT", Some("de-DE")),
            ("en-GB", Some("en-GB")),
            ("tr-TR", Some("tr-TR")),
            ("tlh", None),
            ("", None),
        ] {
            assert_eq!(understood(asked), heard, "{asked:?}");
        }
        assert_eq!(
            Speech::new(Some("es-MX")).phrases.connecting,
            SPANISH.connecting
        );
    }
}
