//! Every path that the carrier calls, on one page.

use axum::Router;
use axum::extract::FromRef;
use axum::handler::Handler;
use axum::routing::{MethodRouter, get};

use super::{
    Webhooks, conference, consent, fallback, greeting_sound, hold_music, inbound, ivr, outbound,
    picked_up, queue, queue_member, recording, ring, sms, status, stream, stream_ended, voicemail,
    warm,
};

/// The carrier's paths. A webhook may be fetched by POST or by GET, as the
/// number is configured.
pub fn router(house: Webhooks) -> Router {
    let webhooks = Router::new()
        .route("/twiml/inbound", either(inbound::inbound))
        .route("/twiml/outbound", either(outbound::outbound))
        .route("/twiml/outbound/accepted", either(outbound::accepted))
        .route("/stream-ended", either(stream_ended::stream_ended))
        .route("/transferred", either(stream_ended::transferred))
        .route("/consent", either(consent::answered))
        .route("/dial-status", either(ring::dial_status))
        .route("/whisper", either(picked_up::whisper))
        .route("/accepted", either(picked_up::accepted))
        .route("/picked-up", either(picked_up::picked_up))
        .route("/machine", either(picked_up::machine))
        .route("/warm/wait", either(warm::wait))
        .route("/warm/left", either(warm::left))
        .route("/warm/back", either(warm::back))
        .route("/warm/answered", either(warm::answered))
        .route("/warm/accepted", either(warm::accepted))
        .route("/warm/connecting", either(warm::connecting))
        .route("/warm/done", either(warm::done))
        .route("/warm/machine", either(warm::machine))
        .route("/warm/stands", either(warm::stands))
        .route("/ivr", either(ivr::heard))
        .route("/queue/wait", either(queue::wait))
        .route("/queue/key", either(queue::key))
        .route("/queue/over", either(queue::over))
        .route("/queue/left", either(queue::left))
        .route("/queue/connecting", either(queue_member::connecting))
        .route("/queue/{queue_id}/answer", either(queue_member::answer))
        .route("/conference", either(conference::enter))
        .route("/conference/left", either(conference::left))
        .route("/conference/announcement", either(conference::announcement))
        .route("/leg-ended", either(conference::leg_ended))
        .route("/hold-music.wav", get(hold_music::hold_music))
        .route("/twiml/voicemail", either(voicemail::leave_message))
        .route("/voicemail", either(voicemail::recorded))
        .route("/transcription", either(voicemail::transcribed))
        .route(
            "/greetings/{id}/{until}/{signature}",
            get(greeting_sound::sound),
        )
        .route("/recording", either(recording::told))
        .route("/sms", either(sms::received))
        .route("/sms-status", either(sms::stands))
        .route("/status", either(status::status))
        .route("/fallback", either(fallback::fallback));
    Router::new()
        .nest("/api/voice/webhooks", webhooks)
        .route("/media-stream", get(stream::stream))
        .with_state(Door(house))
}

fn either<T: 'static>(handler: impl Handler<T, Door>) -> MethodRouter<Door> {
    get(handler.clone()).post(handler)
}

/// Behind it every request finds the house with a patience of its own.
#[derive(Clone)]
pub(super) struct Door(pub(super) Webhooks);

impl FromRef<Door> for Webhooks {
    fn from_ref(Door(house): &Door) -> Self {
        Self {
            patience: house.patience.anew(),
            ..house.clone()
        }
    }
}
