//! Recordings written down as text.

use std::time::Duration;

use frontdesk::audio::wav;
use frontdesk::domain::{Secret, Timestamp};
use frontdesk::egress;
use frontdesk::transcribe::{Error, MAX_BYTES, Transcriber};
use tokio::net::TcpListener;

use crate::support::transcriber::{Saying, TranscriberServer};

const SOUND: &[u8] = b"RIFF....WAVEfmt and so on";

#[tokio::test]
async fn a_recording_is_written_down_in_its_language() {
    let server =
        TranscriberServer::open(&[Saying::Words(" Hallo, hier ist Ada. \n"), Saying::Words("")])
            .await;
    let client = server.client();
    let words = client.transcribe(SOUND.to_vec(), Some("de-AT")).await;
    let written = words.unwrap();
    assert_eq!(written.words.expose(), "Hallo, hier ist Ada.");
    assert_eq!(written.heard, Some(Duration::from_secs(3)));
    let words = client.transcribe(SOUND.to_vec(), None).await;
    assert_eq!(words.unwrap().words.expose(), "");
    let languages: Vec<_> = server
        .asked()
        .into_iter()
        .map(|asked| asked.language)
        .collect();
    assert_eq!(languages, [Some("de".to_owned()), None]);
    assert_eq!(server.asked()[0].bytes, SOUND.len());
}

#[tokio::test]
async fn a_recording_costs_what_the_list_of_the_model_says_by_its_length() {
    let sayings = [Saying::Words("One"), Saying::Uncounted("two")];
    let server = TranscriberServer::open(&sayings).await;
    let client = server.client();
    let mut sound = Vec::new();
    wav::write_mono(&mut sound, &[0xff; 12_000]).unwrap();
    for heard in [Some(Duration::from_millis(1_500)), None] {
        let written = client.transcribe(sound.clone(), None).await;
        assert_eq!(written.unwrap().heard, heard);
    }
    let key = Secret::new("sk-x".to_owned());
    let base = server.base.parse().unwrap();
    let other = Transcriber::new(egress::client(), &base, key, "gpt-4o-transcribe");
    let (minute, now) = (Duration::from_mins(1), Timestamp::from_ms(0));
    let cost = |of: &Transcriber| of.cost(minute, now).map(|money| money.micros);
    assert_eq!((cost(&client), cost(&other)), (Some(4_500), None));
}

#[tokio::test]
async fn what_went_wrong_says_whether_another_try_is_worth_it() {
    let server = TranscriberServer::open(&[
        Saying::Status(400),
        Saying::Busy(7),
        Saying::Status(503),
        Saying::Garbage,
    ])
    .await;
    let client = server.client();
    let mut errors = Vec::new();
    for _ in 0..4 {
        errors.push(client.transcribe(SOUND.to_vec(), None).await.unwrap_err());
    }
    assert_eq!(
        errors,
        [
            Error::Refused {
                status: 400,
                code: Some("invalid_value".to_owned())
            },
            Error::Busy {
                retry_after: Some(Duration::from_secs(7))
            },
            Error::Unavailable("failed"),
            Error::Unavailable("gave an answer that cannot be read"),
        ]
    );
    assert_eq!(
        errors[0].to_string(),
        "the transcriber refused with status 400 (invalid_value)"
    );
    let huge = client.transcribe(vec![0; MAX_BYTES + 1], None).await;
    assert_eq!(
        huge.unwrap_err(),
        Error::Refused {
            status: 413,
            code: None
        }
    );
    assert!(!format!("{client:?}").contains("sk-"));
}

#[tokio::test]
async fn a_transcriber_that_is_not_there_cannot_be_reached() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let base = format!("http://{}/v1", listener.local_addr().unwrap());
    drop(listener);
    let key = Secret::new("sk-x".to_owned());
    let client = Transcriber::new(egress::client(), &base.parse().unwrap(), key, "whisper-1");
    let gone = client.transcribe(SOUND.to_vec(), None).await;
    assert_eq!(gone.unwrap_err(), Error::Unavailable("cannot be reached"));
}
