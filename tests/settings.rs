//! What holds in the end, whoever has set what.

use frontdesk::domain::{
    Effective, Entry, Level, Lock, SettingKey, SettingKind, SettingValue, Settings,
};
use proptest::prelude::*;

const KEY: SettingKey = SettingKey::MaxCallDurationSeconds;

fn entry(number: i64, lock: Lock) -> Entry {
    Entry {
        value: SettingValue::Whole(number),
        lock,
    }
}

fn settings(entries: [Option<(i64, Lock)>; 3]) -> Settings {
    let mut settings = Settings::default();
    for (level, given) in Level::ALL.into_iter().zip(entries) {
        if let Some((number, lock)) = given {
            settings.insert(KEY, level, entry(number, lock));
        }
    }
    settings
}

/// Whose lock of which kind, in a word.
fn told(settings: &Settings) -> String {
    let Effective {
        value,
        source,
        lock,
        locked_by,
    } = settings.effective(KEY);
    let by = |level: Option<Level>| level.map_or("nobody", Level::as_str);
    let (source, locked_by) = (by(source), by(locked_by));
    let (value, lock) = (value.to_text(), lock.as_str());
    format!("{value} by {source}, {lock} by {locked_by}")
}

#[test]
fn the_lowest_level_that_may_speak_is_heard() {
    let hard = |number| Some((number, Lock::Hard));
    let soft = |number| Some((number, Lock::Soft));
    let open = |number| Some((number, Lock::Unlocked));
    for (entries, expected) in [
        ([None, None, None], "3600 by nobody, unlocked by nobody"),
        ([open(60), None, None], "60 by platform, unlocked by nobody"),
        ([None, open(70), None], "70 by tenant, unlocked by nobody"),
        ([None, None, open(80)], "80 by user, unlocked by nobody"),
        (
            [open(60), open(70), None],
            "70 by tenant, unlocked by nobody",
        ),
        ([soft(60), open(70), None], "70 by tenant, soft by platform"),
        ([soft(60), soft(70), None], "70 by tenant, soft by platform"),
        (
            [hard(60), open(70), None],
            "60 by platform, hard by platform",
        ),
        (
            [hard(60), None, open(80)],
            "60 by platform, hard by platform",
        ),
        (
            [soft(60), hard(70), open(80)],
            "70 by tenant, hard by tenant",
        ),
        ([open(60), soft(70), open(80)], "80 by user, soft by tenant"),
    ] {
        assert_eq!(told(&settings(entries)), expected, "{entries:?}");
    }
}

#[test]
fn who_is_below_a_lock_is_told_whose_it_is() {
    use Lock::{Hard, Soft, Unlocked};
    let all = settings([Some((60, Soft)), Some((70, Hard)), None]);
    assert_eq!(all.lock_above(KEY, Level::Platform), (Unlocked, None));
    assert_eq!(
        all.lock_above(KEY, Level::Tenant),
        (Soft, Some(Level::Platform))
    );
    assert_eq!(
        all.lock_above(KEY, Level::User),
        (Hard, Some(Level::Tenant))
    );
    let none = settings([Some((60, Unlocked)), None, None]);
    assert_eq!(none.lock_above(KEY, Level::User), (Unlocked, None));
}

#[test]
fn what_a_level_may_not_set_does_not_count_there() {
    for (key, expected) in [
        (SettingKey::CallRetentionDays, (7, Some(Level::Tenant))),
        (SettingKey::MaxNumbers, (9, Some(Level::Platform))),
        (SettingKey::MaxCallDurationSeconds, (5, Some(Level::User))),
    ] {
        let mut settings = Settings::default();
        for (level, number) in Level::ALL.into_iter().zip([9, 7, 5]) {
            settings.insert(key, level, entry(number, Lock::Unlocked));
        }
        let Effective { value, source, .. } = settings.effective(key);
        assert_eq!(
            (value, source),
            (SettingValue::Whole(expected.0), expected.1)
        );
    }
}

#[test]
fn every_setting_has_a_default_that_it_takes_and_a_name_that_is_read_back() {
    for key in SettingKey::ALL {
        let default = key.default_value();
        assert!(key.takes(&default));
        assert_eq!(key.parse_value(&default.to_text()), Ok(default));
        assert_eq!(key.as_str().parse(), Ok(*key));
        assert!(key.about().ends_with('.'), "{}", key.about());
        let others = match key.kind() {
            SettingKind::Truth => {
                vec![SettingValue::Whole(1), SettingValue::Text("yes".to_owned())]
            }
            SettingKind::Whole(least, most) => vec![
                SettingValue::Whole(least - 1),
                SettingValue::Whole(most + 1),
                SettingValue::Truth(true),
            ],
            SettingKind::Text(most) => vec![
                SettingValue::Text("x".repeat(most + 1)),
                SettingValue::Text(" ".to_owned()),
                SettingValue::Text("\u{7}".to_owned()),
            ],
            SettingKind::Choice(_) => vec![SettingValue::Text("nobody".to_owned())],
        };
        for other in others {
            assert!(!key.takes(&other), "{}: {other:?}", key.as_str());
        }
    }
    let defaults: Vec<_> = SettingKey::ALL
        .iter()
        .map(|key| format!("{}={}", key.as_str(), key.default_value().to_text()))
        .collect();
    assert_eq!(
        defaults,
        [
            "auto_record_calls=true",
            "auto_transcribe_calls=false",
            "auto_transcribe_voicemails=true",
            "max_call_duration_seconds=3600",
            "enable_call_recording=true",
            "enable_voicemail=true",
            "enable_ivr=true",
            "enable_ai_transcription=true",
            "transcription_provider=openai",
            "default_voicemail_greeting=You have reached {name}. Please leave a message after \
             the beep.",
            "call_retention_days=90",
            "recording_retention_days=90",
            "sms_retention_days=90",
            "voicemail_retention_days=30",
            "max_numbers=100",
            "max_number_purchases_per_day=10",
        ]
    );
}

fn any_entry() -> impl Strategy<Value = Option<(i64, Lock)>> {
    let lock = prop::sample::select(&Lock::ALL[..]);
    prop::option::of((60..14_400_i64, lock))
}

proptest! {
    #[test]
    fn nothing_below_a_hard_lock_counts_and_everything_else_that_is_lowest_does(
        entries in [any_entry(), any_entry(), any_entry()]
    ) {
        let is_hard = |given: &Option<(i64, Lock)>| given.is_some_and(|(_, lock)| lock == Lock::Hard);
        let last = entries.iter().position(is_hard).unwrap_or(2);
        let counting = entries[..=last].iter().rposition(Option::is_some);
        let found = settings(entries).effective(KEY);
        let number = counting.and_then(|at| entries[at]).map_or(3_600, |(number, _)| number);
        prop_assert_eq!(&found.value, &SettingValue::Whole(number));
        prop_assert_eq!(found.source, counting.map(|at| Level::ALL[at]));
        let strongest = entries[..=last].iter().flatten().map(|(_, lock)| *lock).max();
        prop_assert_eq!(found.lock, strongest.unwrap_or_default());
        prop_assert_eq!(found.locked_by.is_some(), found.lock > Lock::Unlocked);
        // What is set below a hard lock changes nothing.
        let mut changed = entries;
        for below in changed.iter_mut().skip(last + 1) {
            *below = Some((61, Lock::Unlocked));
        }
        prop_assert_eq!(settings(changed).effective(KEY), found);
    }
}
