//! A media stream that is open and left to somebody else.

use std::time::Duration;

use super::carrier::Carrier;
use super::forms;
pub(in crate::rehearsal) use super::upgrade::StreamSocket;
use super::upgrade::{check_url, open};
use super::webhook::WebhookRequest;
use crate::rehearsal::names::carrier_name;

/// An open stream of a call that was answered; nothing has been said on it.
#[derive(Debug)]
pub(in crate::rehearsal) struct OpenStream {
    pub(in crate::rehearsal) socket: StreamSocket,
    pub(in crate::rehearsal) account_sid: String,
    pub(in crate::rehearsal) call_sid: String,
    pub(in crate::rehearsal) stream_sid: String,
    /// The parameter `token`, empty if there is none.
    pub(in crate::rehearsal) token: String,
}

impl Carrier {
    /// Asks the gateway about a new call, and opens the stream that it wants.
    pub(in crate::rehearsal) async fn open_stream(&self) -> Result<OpenStream, String> {
        let call_sid = carrier_name("CA");
        let form = forms::voice(&self.options, &call_sid, "ringing");
        let request = WebhookRequest::post(self.inbound.clone(), form);
        let answer = self.client.send(&self.options, &[], &request).await;
        let document = answer.document()?;
        let connect = document.verbs.iter().find(|verb| verb.name == "Connect");
        let stream = connect.and_then(|connect| connect.child("Stream"));
        let stream = stream.ok_or("the gateway wants no stream")?;
        let url = stream.attribute("url").ok_or("<Stream> without url")?;
        check_url(&self.options, url)?;
        let is_token = |child: &&super::Element| child.attribute("name") == Some("token");
        let token = stream.children.iter().find(is_token);
        let token = token.and_then(|token| token.attribute("value"));
        let socket = open(&self.options, &[], url).await;
        Ok(OpenStream {
            socket: socket.map_err(|error| error.to_string())?,
            account_sid: self.options.account_sid.clone(),
            call_sid,
            stream_sid: carrier_name("MZ"),
            token: token.unwrap_or_default().to_owned(),
        })
    }

    /// Asks the gateway about a new call for which it has no place. How soon it was told what
    /// becomes of its caller.
    pub(in crate::rehearsal) async fn is_turned_away(&self) -> Result<Duration, String> {
        let form = forms::voice(&self.options, &carrier_name("CA"), "ringing");
        let request = WebhookRequest::post(self.inbound.clone(), form);
        let answer = self.client.send(&self.options, &[], &request).await;
        let document = answer.document()?;
        if document.verbs.iter().any(|verb| verb.name == "Connect") {
            return Err("the gateway had a place".to_owned());
        }
        Ok(answer.report.took)
    }

    /// Tells the gateway that such a call is over, after `lasting`.
    pub(in crate::rehearsal) async fn tell_over(
        &self,
        call_sid: &str,
        lasting: Duration,
    ) -> Result<(), String> {
        let Some(path) = &self.options.status_path else {
            return Ok(());
        };
        let url = self.inbound.join(path);
        let url = url.map_err(|error| error.to_string())?;
        let mut form = forms::voice(&self.options, call_sid, "completed");
        form.extend(forms::completed(lasting, self.clock.now()));
        let request = WebhookRequest::post(url, form);
        let answer = self.client.send(&self.options, &[], &request).await;
        answer.callback_problem().map_or(Ok(()), Err)
    }
}
