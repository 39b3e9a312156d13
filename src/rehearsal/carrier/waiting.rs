//! A caller waits in a queue of the exchange, and somebody speaks with whoever waits there.

use std::time::Duration;

use tokio::time::{Instant, sleep, sleep_until};

use super::call::{Call, Flow};
use super::forms;
use super::twiml::Element;
use crate::rehearsal::exchange::{Exchange, Summons, Waiter};

/// Why a caller waits no longer.
enum End {
    Summoned(Summons),
    Left,
    HungUp,
}

impl Call<'_> {
    /// Waits until somebody dials the queue, what is heard there says that it is over, or
    /// the caller has had enough.
    pub(super) async fn wait_in(
        &mut self,
        exchange: &Exchange,
        enqueue: &Element,
    ) -> Result<Flow, String> {
        let mut waiter = exchange.enter(&enqueue.text);
        let outcome = match self.wait(&mut waiter, enqueue).await? {
            End::Summoned(summons) => {
                self.speak(summons).await?;
                "bridged"
            }
            End::Left => "leave",
            End::HungUp => {
                self.hang_up();
                "hangup"
            }
        };
        let queue_sid = waiter.queue_sid.clone();
        drop(waiter);
        let extra = forms::left_queue(&queue_sid, outcome);
        match enqueue.attribute("action") {
            Some(action) => self.follow(action, enqueue, extra).await,
            None => Ok(Flow::Next),
        }
    }

    async fn wait(&mut self, waiter: &mut Waiter, enqueue: &Element) -> Result<End, String> {
        let had_enough = self.caller().patience_in_queue();
        let until = had_enough.map(|patience| Instant::now() + patience);
        let mut so_far = Duration::ZERO;
        loop {
            let heard = match enqueue.attribute("waitUrl") {
                Some(url) => {
                    let form = forms::waiting_since(&waiter.queue_sid, so_far);
                    self.listen(url, &form).await?
                }
                None => Vec::new(),
            };
            for verb in &heard {
                self.report.verbs.push(verb.clone());
                match verb.name.as_str() {
                    "Leave" => return Ok(End::Left),
                    "Hangup" => return Ok(End::HungUp),
                    "Play" | "Say" | "Pause" | "Gather" | "Redirect" => {}
                    other => {
                        let problem = format!("12200: <{other}> is not heard in a queue");
                        self.report.violations.push(problem);
                    }
                }
            }
            let (tune, counts) = (self.options().tune, self.options().tune_counts);
            so_far += counts;
            let enough = async {
                match until {
                    Some(until) => sleep_until(until).await,
                    None => std::future::pending().await,
                }
            };
            tokio::select! {
                biased;
                summons = &mut waiter.summons => {
                    return summons.map(End::Summoned).map_err(|_| "the queue is gone".to_owned());
                }
                () = enough => return Ok(End::HungUp),
                () = sleep(tune) => {}
            }
        }
    }

    /// Hears what the other wants to be heard, and speaks until they have done.
    async fn speak(&mut self, summons: Summons) -> Result<(), String> {
        if let Some(url) = &summons.url {
            let heard = self.listen(url, &forms::form(&[])).await?;
            self.report.verbs.extend(heard);
        }
        // Whoever has dialled may be gone by now.
        let _ = summons.is_connected.send(());
        let _ = summons.is_over.await;
        Ok(())
    }

    /// Speaks with whoever waits longest; false if nobody does.
    pub(super) async fn summon(
        &mut self,
        exchange: &Exchange,
        queue: &Element,
    ) -> Result<bool, String> {
        let url = queue.attribute("url").map(|url| self.resolve(url));
        let url = url.transpose()?.map(|url| url.to_string());
        let Some((connected, over)) = exchange.summon(&queue.text, url) else {
            return Ok(false);
        };
        let is_connected = connected.await.is_ok();
        drop(over);
        Ok(is_connected)
    }
}
