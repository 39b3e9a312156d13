//! Conversations: replays `fixtures/calls` against `call::Session`, and tries everything else.

mod memory;
mod properties;
mod script;
mod stage;

use std::fs;
use std::path::{Path, PathBuf};

/// `BLESS=1 cargo test calls::` writes down what the machine answers today.
#[test]
fn every_conversation_goes_as_it_is_written() {
    let folder = folder();
    let mut paths: Vec<_> = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    paths.sort();
    assert!(paths.len() >= 20, "the conversations are missing");
    for path in paths {
        let written = fs::read_to_string(&path).unwrap();
        let played = script::replay(&written);
        if std::env::var_os("BLESS").is_some() {
            fs::write(&path, &played).unwrap();
        } else {
            assert_eq!(written, played, "in {}; BLESS=1 to accept", path.display());
        }
    }
}

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/calls")
}

/// These conversations are there, and go as they are written.
fn assert_go(names: &[&str]) {
    for name in names {
        let written = fs::read_to_string(folder().join(name).with_extension("call")).unwrap();
        assert_eq!(written, script::replay(&written), "in {name}");
    }
}

#[test]
fn o11_a_session_is_renewed_as_early_as_it_was_configured() {
    assert_go(&["renewed_as_configured"]);
}

#[test]
fn o1_whoever_has_no_agent_is_with_somebody_else_within_5_s() {
    assert_go(&[
        "agent_lost_and_a_long_apology",
        "agent_lost_in_mid_sentence_for_good",
    ]);
}

#[test]
fn o6_whoever_is_handed_on_waits_for_no_agent_that_has_fallen_silent() {
    assert_go(&[
        "agent_freezes_before_a_handover",
        "person_found_while_the_apology_is_heard",
    ]);
}

#[test]
fn o6_an_agent_that_does_not_even_begin_is_waited_for_no_longer_than_another() {
    assert_go(&["agent_freezes_after_the_caller"]);
}

#[test]
fn o6_a_goodbye_that_does_not_come_is_not_waited_for_in_silence() {
    assert_go(&["goodbye_freezes", "goodbye_never_said", "goodbye_stalls"]);
}

#[test]
fn o12_nobody_is_let_go_before_what_was_asked_for_in_the_same_breath_is_done() {
    assert_go(&[
        "goodbye_before_a_tool",
        "goodbye_beside_a_tool_that_fails",
        "goodbye_beside_a_tool_that_is_done",
    ]);
}

#[test]
fn o12_the_agent_goes_on_once_all_that_it_asked_for_is_done() {
    assert_go(&["tools_one_after_the_other"]);
}

#[test]
fn o6_an_agent_that_was_given_up_hears_no_caller_for_the_next_one() {
    assert_go(&["answer_stalls_and_the_old_agent_hears_the_caller"]);
}

#[test]
fn i4_what_was_heard_to_its_end_is_written_down_whoever_speaks_next() {
    assert_go(&[
        "barge_in_while_stalled",
        "met_by_the_caller_at_its_very_end",
        "hung_up_on_at_its_very_end",
    ]);
}

#[test]
fn i11_a_call_cannot_use_up_what_its_tenant_may_write() {
    assert_go(&["texts_have_an_end"]);
}

#[test]
fn t8_a_goodbye_that_the_carrier_does_not_take_is_not_taken_for_heard() {
    assert_go(&["goodbye_behind_a_backlog"]);
}

#[test]
fn t9_what_tools_make_the_receptionist_say_is_not_held_against_the_caller() {
    assert_go(&["silence_and_a_caller_for_whom_much_is_done"]);
}

#[test]
fn o13_who_waits_for_a_tool_hears_a_sentence_also_from_an_agent_that_is_silent() {
    assert_go(&["tool_is_slow_and_the_agent_is_frozen"]);
}

#[test]
fn o14_no_two_clears_are_closer_than_150_ms() {
    assert_go(&["clears_are_apart"]);
}

#[test]
fn t9_noise_that_never_ends_is_no_caller() {
    assert_go(&["silence_with_noise_that_never_ends"]);
}

#[test]
fn o4_an_agent_that_is_busy_is_asked_again_when_it_says() {
    assert_go(&[
        "agent_busy",
        "agent_lost_while_busy",
        "refused_for_now",
        "refused_for_good",
        "goodbye_refused",
    ]);
}

#[test]
fn o5_what_a_tool_was_asked_for_is_known_to_the_agent_that_comes_after() {
    assert_go(&[
        "agent_lost_while_a_tool_runs",
        "agent_lost_and_a_tool_that_ends_meanwhile",
        "agent_lost_after_a_tool",
        "agent_lost_after_a_tool_and_a_word",
        "agent_lost_late_in_a_wait",
    ]);
}

#[test]
fn o5_what_was_keyed_in_is_known_to_the_agent_that_comes_after() {
    assert_go(&[
        "keys_while_there_is_no_agent",
        "keys_before_there_is_an_agent",
        "keys_before_another_agent",
    ]);
}

#[test]
fn o5_what_an_agent_was_told_to_say_is_said_by_the_one_that_comes_after() {
    assert_go(&["operator_says_and_the_agent_is_lost"]);
}

#[test]
fn o5_the_time_may_be_up_while_there_is_no_agent() {
    assert_go(&[
        "max_duration_without_an_agent",
        "max_duration_and_an_agent_who_comes_back",
    ]);
}

#[test]
fn o12_what_the_agent_does_by_itself_is_waited_for_and_followed_by_an_answer() {
    assert_go(&[
        "agent_acts_behind_words",
        "agent_acts_alone",
        "agent_acts_and_never_ends",
        "agent_acts_again_and_again",
        "agent_acts_and_goes_on_by_itself",
        "agent_lost_while_it_acts",
    ]);
}

#[test]
fn o6_an_answer_that_is_slow_is_bridged_asked_for_again_and_given_up() {
    assert_go(&[
        "slow_answer",
        "slow_answer_broken_off",
        "slow_answer_in_order",
        "silence_while_the_agent_thinks",
    ]);
}

#[test]
fn o6_an_answer_that_breaks_off_is_bridged_taken_up_by_another_and_given_up() {
    assert_go(&[
        "answer_stalls",
        "answer_breaks_off",
        "answer_goes_on",
        "answer_stalls_behind_a_tool",
    ]);
}

#[test]
fn o7_an_answer_faster_than_speech_waits_here_and_an_interruption_throws_it_away() {
    assert_go(&["lead", "barge_in", "barge_in_several_items"]);
}

#[test]
fn o11_another_agent_takes_over_while_nobody_speaks_and_nothing_is_done() {
    assert_go(&["renewed", "renewed_too_late", "renewed_after_a_tool"]);
}

#[test]
fn o13_an_answer_that_fails_or_is_withheld_leaves_the_conversation_going() {
    assert_go(&["response_failed", "answer_withheld"]);
}

#[test]
fn o14_speech_that_flaps_clears_nothing_twice() {
    assert_go(&["speech_flaps", "heard_before_there_is_a_caller"]);
}

#[test]
fn o14_where_a_pause_is_never_told_nobody_is_left_in_silence() {
    assert_go(&[
        "pause_is_never_told",
        "pause_is_never_told_and_the_answer_stalls",
    ]);
}

#[test]
fn o15_an_agent_with_nothing_to_say_is_asked_once_more_and_then_replaced() {
    assert_go(&["agent_has_nothing_to_say"]);
}

#[test]
fn what_was_asked_for_before_the_caller_speaks_is_not_spoken_into_their_words() {
    assert_go(&[
        "greeting_met_by_the_caller",
        "greeting_met_by_a_short_word",
        "greeting_overtaken_by_the_answer",
        "prompt_met_by_the_caller",
        "goodbye_met_by_the_caller",
        "goodbye_that_cannot_wait_met_by_the_caller",
        "answer_wanted_before_the_caller_spoke",
    ]);
}

#[test]
fn what_we_cut_ourselves_the_agent_is_told_to_stop() {
    assert_go(&[
        "hold_ends_in_mid_sentence",
        "hold_and_an_agent_that_does_not_stop",
        "carrier_replaced_in_mid_sentence",
    ]);
}

#[test]
fn whoever_presses_a_key_is_there() {
    assert_go(&[
        "silence_and_a_caller_who_presses_a_key",
        "silence_and_a_key_before_the_goodbye",
    ]);
}

#[test]
fn limits_of_a_call_hold_when_its_caller_comes_back() {
    assert_go(&[
        "comes_back_with_all_tools_used",
        "comes_back_and_asks_again",
    ]);
}

#[test]
fn whoever_wants_a_person_is_not_hung_up_on() {
    assert_go(&[
        "person_wanted_and_the_agent_hangs_up",
        "person_wanted_and_written_down_late",
        "person_wanted_no_more",
        "person_is_told_by_a_message",
        "person_by_key_and_nobody_is_there",
        "person_wanted_and_nobody_is_there_while_there_is_no_agent",
        "person_by_key_and_the_agent_hangs_up",
        "person_by_key_while_nobody_takes_over",
        "goodbye_and_the_key_for_a_person",
        "tool_hands_on_and_the_agent_hangs_up",
    ]);
}

#[test]
fn t7_where_marks_never_return_the_clock_tells_what_was_heard() {
    assert_go(&["marks_never_return"]);
}

#[test]
fn t8_what_a_carrier_does_not_take_for_2_s_is_out_of_date() {
    assert_go(&["carrier_takes_nothing", "carrier_is_behind_for_a_moment"]);
}

#[test]
fn t9_a_caller_who_is_silent_is_asked_and_then_let_go() {
    assert_go(&[
        "silence",
        "silence_with_comfort_noise",
        "silence_while_muted",
    ]);
}

#[test]
fn t10_a_storm_of_keys_is_heard_in_order_and_within_bounds() {
    assert_go(&["keypad_storm", "keypad_storm_of_entries", "keypad"]);
}
