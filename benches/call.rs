//! A call, per frame: the machine alone, and the whole of the bridge.
//!
//! `cargo bench --bench call` prints the time of one turn. `session` is the
//! machine without a socket; `bridge` is everything from the bytes of one
//! socket to the bytes of the other, without the kernel and without TLS, with
//! the peers that write and read them.

#[path = "../tests/support/memory_call.rs"]
#[expect(dead_code, reason = "tests ask more of it")]
mod memory_call;

use std::time::{Duration, Instant};

use divan::{Bencher, black_box};
use frontdesk::audio::Frame;
use frontdesk::call::{
    Action, CallPlan, CarrierAction, Event, Interruption, ItemKey, Mark, ResponseKey, Session, Tape,
};
use frontdesk::domain::{AudioFormat, Limits, SilencePolicy};
use tokio::runtime::{Builder, Runtime};

use memory_call::{MemoryCall, client, delta, mark, media, server};

/// How long a frame sounds.
const FRAME: Duration = Duration::from_millis(20);
/// Frames in a piece of the model's speech.
const PIECE: u32 = 10;

fn main() {
    divan::main();
}

mod session {
    use super::{Bencher, Duration, Event, FRAME, Frame, ItemKey, PIECE, Stage, Tape};

    #[divan::bench]
    fn caller_frame(bencher: Bencher<'_, '_>) {
        let mut stage = Stage::begin();
        let mut timestamp = Duration::ZERO;
        bencher.bench_local(|| {
            stage.happen(Event::CallerAudio {
                timestamp: Some(timestamp),
                frame: Frame::silence(160),
            });
            timestamp += FRAME;
            stage.now += FRAME;
        });
    }

    /// What it costs to record one, up to the way to the disk.
    #[divan::bench]
    fn recorded_frame(bencher: Bencher<'_, '_>) {
        let mut now = Stage::begin().now;
        let mut tape = Tape::new(now);
        let (frame, mut timestamp) = (Frame::silence(160), Duration::ZERO);
        bencher.bench_local(|| {
            now += FRAME;
            tape.hear(Some(timestamp), &frame, now);
            timestamp += FRAME;
            tape.poll_snippet()
        });
    }

    /// 200 ms of the model's voice, played, and its marks.
    #[divan::bench]
    fn model_piece(bencher: Bencher<'_, '_>) {
        let mut stage = Stage::begin();
        bencher.bench_local(|| {
            for _ in 0..PIECE {
                stage.say();
            }
            stage.now += FRAME * PIECE;
            while let Some(mark) = stage.marks.pop() {
                stage.happen(Event::MarkPlayed(mark));
            }
        });
    }

    /// The caller breaks into an answer of 20 s.
    #[divan::bench]
    fn barge_in(bencher: Bencher<'_, '_>) {
        let answering = || {
            let mut stage = Stage::begin();
            for _ in 0..1_000 {
                stage.say();
            }
            stage.now += FRAME * PIECE;
            stage
        };
        bencher
            .with_inputs(answering)
            .bench_local_values(|mut stage| {
                stage.happen(Event::SpeechStarted { item: ItemKey(1) });
                stage
            });
    }
}

mod bridge {
    use super::{
        AudioFormat, Bencher, Builder, FRAME, MemoryCall, PIECE, Runtime, client, delta, mark,
        media, server,
    };

    #[divan::bench(args = [AudioFormat::Pcm24, AudioFormat::Pcmu])]
    fn caller_frame(bencher: Bencher<'_, '_>, format: AudioFormat) {
        let (runtime, mut call) = begin(format);
        let frame = client(&media(0, &[0x5A; 160]));
        bencher.bench_local(|| {
            runtime.block_on(async {
                call.carrier.say(&frame).await;
                call.model.hear().await.len()
            })
        });
        runtime.block_on(async { drop(call) });
    }

    /// 200 ms of the model's voice, played, and its mark.
    #[divan::bench(args = [(AudioFormat::Pcm24, 9_600), (AudioFormat::Pcmu, 1_600)])]
    fn model_piece(bencher: Bencher<'_, '_>, (format, size): (AudioFormat, usize)) {
        let (runtime, mut call) = begin(format);
        let piece = server(&delta(&vec![0x5A; size]));
        let created = r#"{"type":"response.created","response":{"id":"resp_1"}}"#;
        runtime.block_on(async {
            tokio::time::pause();
            call.model.say(&server(created)).await;
        });
        bencher.bench_local(|| {
            runtime.block_on(async {
                call.model.say(&piece).await;
                let answer = |name: &str| client(&mark(name));
                call.carrier.play(FRAME * PIECE, answer).await;
            });
        });
        runtime.block_on(async { drop(call) });
    }

    fn begin(format: AudioFormat) -> (Runtime, MemoryCall) {
        let runtime = Builder::new_current_thread().enable_all().build();
        let runtime = runtime.expect("a runtime can be had");
        let call = runtime.block_on(MemoryCall::begin(format));
        (runtime, call)
    }
}

/// A machine that converses, its time, and what the carrier has yet to play.
struct Stage {
    session: Session,
    now: Instant,
    marks: Vec<Mark>,
}

impl Stage {
    #[expect(
        clippy::disallowed_methods,
        reason = "an origin for a time that is made here"
    )]
    fn begin() -> Self {
        let plan = CallPlan {
            seed: 0,
            silence: SilencePolicy::default(),
            limits: Limits::default(),
            interruption: Interruption::Truncate,
            has_zero_key: true,
            is_back: false,
            renew_after: Duration::from_mins(55),
        };
        let now = Instant::now();
        let mut stage = Self {
            session: Session::new(plan, now),
            now,
            marks: Vec::new(),
        };
        stage.happen(Event::CarrierStarted);
        stage.happen(Event::AgentReady);
        stage.happen(Event::ResponseStarted(ResponseKey(0)));
        stage
    }

    fn happen(&mut self, event: Event) {
        self.session.handle_event(black_box(event), self.now);
        while let Some(action) = self.session.poll_action() {
            if let Action::Carrier(CarrierAction::Mark(mark)) = black_box(action) {
                self.marks.push(mark);
            }
        }
        black_box(self.session.poll_timeout());
    }

    fn say(&mut self) {
        self.happen(Event::AgentAudio {
            response: ResponseKey(0),
            item: ItemKey(0),
            frame: Frame::silence(160),
        });
    }
}
