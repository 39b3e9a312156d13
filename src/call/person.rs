//! Whether a caller asks for a person, in words or by a key.
//!
//! The second time they do, or at once by the key 0, they are led to one,
//! whatever the agent has been told or was talked into. An agent that would
//! hang up on them instead has them led there at once.

use std::time::Instant;

use super::barge_in::Cause;
use super::session::Session;
use super::{Action, AgentAction, HandsTo, Notice, ToolAction};
use crate::domain::Pii;

/// So many times a caller asks before they are led there.
const ENOUGH: u32 = 2;
/// Who has said so many other things since has thought better of it.
const MAX_OTHER: u32 = 2;
/// A few words with one of these among them are a wish; in longer speech there
/// has to be a word for the wish as well.
const FEW_WORDS: usize = 4;

/// How often a caller has asked.
#[derive(Debug, Default)]
pub(super) struct Wish {
    asked: u32,
    /// Other things that may still be said before the wish is over.
    open: u32,
    /// The caller is to be led there if the agent hands them on to nobody.
    is_due: bool,
    /// The agent was told that nobody is there, and has not said so yet.
    is_told: bool,
}

impl Wish {
    /// The caller had asked so often in an earlier part of the call.
    pub(super) fn resume(&mut self, asked: u32) {
        self.asked = asked;
    }

    /// How often the caller has asked, in words.
    pub(super) fn asked(&self) -> u32 {
        self.asked
    }

    /// What the caller wanted to be told to a person is written down for one.
    pub(super) fn fulfil(&mut self) {
        self.open = 0;
    }

    /// The caller is to be led there as soon as that can be.
    pub(super) fn put_off(&mut self) {
        self.is_due = true;
    }

    /// The agent has said what it was told.
    pub(super) fn answered(&mut self) {
        self.is_told = false;
    }

    /// The agent is gone. What it had not said is found out once more.
    pub(super) fn agent_lost(&mut self) {
        self.is_due |= std::mem::take(&mut self.is_told);
    }

    /// Whether the caller was to be led there while the agent handed them on, or they were
    /// on hold.
    pub(super) fn take_due(&mut self) -> bool {
        std::mem::take(&mut self.is_due)
    }
}

impl Session {
    /// Leads a caller to a person who has asked for one often enough, or whom
    /// the agent is letting go.
    pub(super) fn hear_wish(&mut self, text: &str, now: Instant) {
        if !asks_for_person(text) {
            self.wish.open = self.wish.open.saturating_sub(1);
            return;
        }
        self.wish.asked += 1;
        self.wish.open = MAX_OTHER;
        if self.wish.asked >= ENOUGH || self.ending.is_some() {
            self.lead_to_person(now);
        }
    }

    /// The caller is led to a person, whatever the agent thinks of it, and also
    /// if it was about to hang up.
    pub(super) fn lead_to_person(&mut self, now: Instant) {
        let is_over = self
            .ending
            .is_some_and(|ending| !ending.can_be_called_off());
        if !self.has_carrier || is_over {
            return;
        }
        if self.tools.hands_on() || self.oversight.is_held() {
            self.wish.put_off();
            return;
        }
        if self.ending.is_some() {
            self.interrupt(Cause::Ours, now);
            self.call_off_end(now);
        }
        self.report_tool(Some("person".to_owned()), "asked");
        self.tools.find_person(now);
        self.actions.push_back(Action::Tool(ToolAction::FindPerson));
        self.mind_tools();
    }

    /// Nobody is there. Whom an agent can tell so stays with it, and is let go if they wish.
    pub(super) fn on_nobody(&mut self, now: Instant) {
        if self.ending.is_some() {
            self.go_on_after_tools(now);
        } else if self.oversight.is_held() || !self.has_agent {
            self.wish.put_off();
        } else {
            self.wish.fulfil();
            self.wish.take_due();
            self.wish.is_told = true;
            self.agent(AgentAction::Tell(Notice::NobodyThere));
            self.tools.owe_word(self.turn.active());
            self.reply_to_tools();
        }
    }

    /// Nobody was found in time: the route knows where the call goes on. Where there is no
    /// agent either, it goes on for that, and the caller is not handed on.
    pub(super) fn follow_route(&mut self, now: Instant) {
        if self.has_lost_agent() {
            return;
        }
        if self.has_agent {
            self.on_transfer(HandsTo::Person, now);
        } else if !self.has_given_up() {
            self.end(self.link.why_gone(), now);
        }
    }

    /// Whether the caller has asked for a person, of late and in vain.
    pub(super) fn wants_person(&self) -> bool {
        self.wish.open > 0 || self.keys_for_person()
    }

    /// Whether the caller has pressed the key that asks for a person, and may
    /// yet press others.
    pub(super) fn keys_for_person(&self) -> bool {
        self.plan.has_zero_key && self.keypad.holds("0")
    }

    /// Whether an entry on the keypad asks for a person, who is then looked for.
    pub(super) fn is_wish(&mut self, entry: &Pii<String>, now: Instant) -> bool {
        let is_wish = self.plan.has_zero_key && entry.expose() == "0";
        if is_wish {
            self.wish.open = MAX_OTHER;
            self.lead_to_person(now);
        }
        is_wish
    }
}

/// English, German, Spanish, French, Italian, Dutch, Portuguese.
fn asks_for_person(text: &str) -> bool {
    let lower = text.to_lowercase();
    let words: Vec<&str> = lower
        .split(|c: char| !c.is_alphanumeric())
        .filter(|word| !word.is_empty())
        .collect();
    let has = |some: &[&str]| words.iter().any(|word| some.contains(word));
    let is_short = words.len() <= FEW_WORDS;
    // A table for one person is no wish to speak with them.
    let is_counted = has(&COUNTED) && (has(&TALK) || (is_short && !has(&ONE)));
    let is_named = has(&NAMED) && (is_short || has(&TALK) || has(&WISHES));
    let is_anybody = has(&SOMEBODY) && has(&SPEAK) && !has(&NOT);
    is_counted || is_named || is_anybody
}

const NAMED: [&str; 48] = [
    "human",
    "operator",
    "representative",
    "receptionist",
    "mensch",
    "menschen",
    "mitarbeiter",
    "mitarbeiterin",
    "vermittlung",
    "zentrale",
    "berater",
    "beraterin",
    "humano",
    "humana",
    "operador",
    "operadora",
    "representante",
    "asesor",
    "asesora",
    "humain",
    "humaine",
    "opérateur",
    "opératrice",
    "conseiller",
    "conseillère",
    "représentant",
    "représentante",
    "standardiste",
    "umano",
    "umana",
    "operatore",
    "operatrice",
    "centralino",
    "addetto",
    "addetta",
    "rappresentante",
    "mens",
    "medewerker",
    "medewerkster",
    "telefonist",
    "telefoniste",
    "receptioniste",
    "atendente",
    "telefonista",
    "recepcionista",
    "rececionista",
    "funcionário",
    "funcionária",
];

const COUNTED: [&str; 7] = [
    "person", "agent", "persona", "agente", "personne", "persoon", "pessoa",
];

/// Whoever it is, to speak with them is meant.
const SOMEBODY: [&str; 25] = [
    "someone",
    "somebody",
    "anyone",
    "anybody",
    "manager",
    "supervisor",
    "employee",
    "staff",
    "jemand",
    "jemanden",
    "jemandem",
    "kollegen",
    "kollegin",
    "chef",
    "alguien",
    "gerente",
    "encargado",
    "encargada",
    "quelqu",
    "responsable",
    "qualcuno",
    "responsabile",
    "iemand",
    "leidinggevende",
    "alguém",
];

const SPEAK: [&str; 10] = [
    "speak", "talk", "sprechen", "reden", "hablar", "parler", "parlare", "spreken", "praten",
    "falar",
];

const NOT: [&str; 9] = [
    "not", "don", "never", "nicht", "no", "pas", "non", "niet", "não",
];

const ONE: [&str; 11] = [
    "one", "una", "une", "eine", "un", "1", "uno", "een", "één", "um", "uma",
];

const TALK: [&str; 41] = [
    "speak",
    "talk",
    "connect",
    "transfer",
    "real",
    "actual",
    "put",
    "sprechen",
    "reden",
    "verbinden",
    "verbinde",
    "echten",
    "echte",
    "echter",
    "hablar",
    "pasar",
    "páseme",
    "comunicar",
    "comuníqueme",
    "parler",
    "passez",
    "passer",
    "vrai",
    "vraie",
    "joindre",
    "live",
    "parlare",
    "passarmi",
    "passi",
    "collegarmi",
    "vera",
    "vero",
    "spreken",
    "praten",
    "doorverbinden",
    "echt",
    "falar",
    "passe",
    "transferir",
    "transfira",
    "verdade",
];

const WISHES: [&str; 36] = [
    "want",
    "need",
    "give",
    "get",
    "please",
    "will",
    "möchte",
    "brauche",
    "geben",
    "bitte",
    "quiero",
    "quisiera",
    "necesito",
    "favor",
    "veux",
    "voudrais",
    "besoin",
    "souhaite",
    "plaît",
    "vorrei",
    "voglio",
    "bisogno",
    "favore",
    "può",
    "wil",
    "graag",
    "alstublieft",
    "alsjeblieft",
    "nodig",
    "kunt",
    "kan",
    "quero",
    "queria",
    "gostaria",
    "preciso",
    "pode",
];

#[cfg(test)]
mod tests {
    use super::asks_for_person;

    #[test]
    fn a_wish_for_a_person_is_heard_in_seven_languages() {
        for text in [
            "Operator!",
            "A human, please.",
            "Can I talk to a real person?",
            "I want to speak with a representative about my last bill.",
            "Agent. Agent!",
            "Ich möchte bitte mit einem Menschen sprechen.",
            "Einen Mitarbeiter bitte",
            "Verbinden Sie mich mit der Zentrale, bitte, ich habe keine Zeit.",
            "Quiero hablar con una persona",
            "Operadora",
            "Je voudrais parler à un conseiller, s'il vous plaît.",
            "Un humain !",
            "Operatore!",
            "Vorrei parlare con una persona, per favore.",
            "Mi può passare il centralino per favore, ho fretta?",
            "Voglio un addetto, non una macchina.",
            "Medewerker, alstublieft.",
            "Ik wil graag met een echt persoon spreken.",
            "Kunt u mij doorverbinden met iemand, een mens van vlees en bloed?",
            "Een telefoniste graag",
            "Atendente!",
            "Quero falar com uma pessoa, por favor.",
            "Gostaria de ser atendido por um funcionário da empresa.",
            "Pode transferir-me para uma pessoa de verdade?",
            "Can I speak to someone, please?",
            "Is there anybody I could talk to about this?",
            "I want to speak to your manager right now.",
            "Kann ich bitte mit jemandem sprechen?",
            "¿Puedo hablar con alguien de la empresa?",
            "Est-ce que je peux parler à quelqu'un ?",
            "Potrei parlare con qualcuno?",
            "Kan ik iemand spreken?",
            "Posso falar com alguém?",
        ] {
            assert!(asks_for_person(text), "{text}");
        }
    }

    #[test]
    fn what_only_sounds_like_it_is_no_wish() {
        for text in [
            "",
            "I would like to book a table for tonight.",
            "There was one person at the door when the parcel came on Friday evening.",
            "We are a travel agency.",
            "Der Tisch ist für vier Personen um acht Uhr am Abend.",
            "I want a table for one person, please.",
            "One person.",
            "Somebody left a parcel at my door.",
            "I do not want to talk to anybody.",
            "Put someone else on the list, please.",
            "I am the manager.",
            "Una persona",
            "Un tavolo per una persona.",
            "Buongiorno, vorrei prenotare un tavolo per questa sera alle otto.",
            "Een tafel voor één persoon.",
            "Ik wil graag een tafel reserveren voor vanavond om acht uur.",
            "Mesa para uma pessoa",
            "Queria marcar uma mesa para quatro pessoas na sexta-feira à noite.",
        ] {
            assert!(!asks_for_person(text), "{text}");
        }
    }
}
