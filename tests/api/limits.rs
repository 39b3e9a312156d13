//! How long a call may last: who is connected late has what is left.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use frontdesk::bridge::{AgentLeg, Bridge, DialError, Dialer, Keeper};
use frontdesk::call::Interruption;
use frontdesk::domain::{Entry, Lock, Receptionist, SettingKey, SettingValue, Timestamp};
use frontdesk::store::{queue_waits, settings};
use futures::FutureExt as _;
use futures::future::{BoxFuture, pending};
use serde_json::json;
use tokio::task::yield_now;
use tokio::time::timeout;

use super::desk::Desk;
use super::routing::Shop;
use crate::support::database::{Database, on_each_database};

const CALLER: &str = "+15550100001";
const ADAS: &str = "+12025550131";
const MINUTE: i64 = 60_000;

/// Agents that never answer, and how long each would have had the call.
#[derive(Default)]
struct Dialled(Mutex<Vec<Duration>>);

impl Dialled {
    /// How long the only one would have had it, who is dialled in a moment.
    async fn only(&self) -> Duration {
        let dialled = async {
            loop {
                let all = self.0.lock().unwrap().clone();
                if let [only] = all[..] {
                    return only;
                }
                yield_now().await;
            }
        };
        let dialled = timeout(Duration::from_secs(5), dialled).await;
        dialled.expect("an agent is dialled")
    }
}

impl Dialer for Dialled {
    fn dial(
        &self,
        receptionist: &Arc<Receptionist>,
        _: u32,
    ) -> BoxFuture<'static, Result<Box<dyn AgentLeg>, DialError>> {
        self.0
            .lock()
            .unwrap()
            .push(receptionist.limits.max_duration);
        pending().boxed()
    }

    fn interruption(&self) -> Interruption {
        Interruption::Truncate
    }

    fn model(&self) -> Option<&str> {
        None
    }
}

/// A house in which a call lasts for half an hour, whatever a tenant would like.
async fn open(db: &Database) -> (Desk, Arc<Dialled>) {
    let dialled: Arc<Dialled> = Arc::default();
    let desk = Desk::build(db, |state| {
        let dialer: Arc<Dialled> = Arc::clone(&dialled);
        let (keeper, _) = Keeper::start(state.store.clone(), state.clock.clone(), None);
        state.bridge = Bridge::new(7, dialer, keeper);
    });
    for (key, value) in [
        (
            SettingKey::MaxCallDurationSeconds,
            SettingValue::Whole(1_800),
        ),
        (SettingKey::AutoRecordCalls, SettingValue::Truth(false)),
    ] {
        let lock = Lock::Hard;
        let (entry, at) = (Entry { value, lock }, Timestamp::from_ms(0));
        let set = settings::put_platform(&desk.store, key, &entry, at).await;
        set.unwrap();
    }
    (desk, dialled)
}

/// A shop whose member has a telephone, and its queue.
async fn shop(desk: &Desk) -> (Shop, String) {
    let shop = Shop::open(desk, 1).await;
    let member = format!("/api/users/{}", shop.member);
    let telephone = json!({"phone_number": ADAS});
    let changed = shop.send(desk, "PATCH", &member, &telephone).await;
    assert_eq!(changed.status, 200, "{}", changed.body);
    let queue = queue(desk, &shop, "Sales").await;
    (shop, queue)
}

async fn queue(desk: &Desk, shop: &Shop, name: &str) -> String {
    let queue = json!({"name": name, "members": [shop.member], "max_wait_s": 3_600});
    shop.make(desk, "/api/queues", &queue).await
}

/// What the carrier is told about a call between these two.
async fn told(
    desk: &Desk,
    webhook: &str,
    (sid, from, to): (&str, &str, &str),
    more: &[(&str, &str)],
) -> String {
    let mut form = vec![
        ("AccountSid", "AC00000000000000000000000000000001"),
        ("CallSid", sid),
        ("CallStatus", "in-progress"),
        ("Direction", "inbound"),
        ("From", from),
        ("To", to),
    ];
    form.extend_from_slice(more);
    let answer = desk.rung(webhook, &form).await;
    assert_eq!(answer.status, 200, "{}", answer.body);
    answer.body
}

/// Who waits is written down in a moment.
async fn somebody_waits(desk: &Desk, shop: &Shop) {
    let waits = async {
        loop {
            let found = queue_waits::list(&desk.store, shop.tenant).await;
            if !found.unwrap().is_empty() {
                return;
            }
            yield_now().await;
        }
    };
    let waits = timeout(Duration::from_secs(5), waits).await;
    waits.expect("it is written down");
}

#[tokio::test]
async fn i11_who_has_waited_in_a_queue_has_what_is_left_of_the_call() {
    on_each_database(async |db| {
        let (desk, dialled) = open(db).await;
        let (shop, sales) = shop(&desk).await;
        let empty = queue(&desk, &shop, "Nobody waits here").await;
        let plan = json!({"open": {"queue": {"queue_id": sales}}, "fallback": [{"ai": {}}]});
        let put = shop.send(&desk, "PUT", &shop.routing(), &plan).await;
        assert_eq!(put.status, 200, "{}", put.body);
        let call = ("CA1", CALLER, shop.phone_number.as_str());
        let xml = told(&desk, "twiml/inbound", call, &[]).await;
        assert!(xml.contains("<Enqueue"), "{xml}");
        let wait =
            async |waited| told(&desk, "queue/wait?stop=0", call, &[("QueueTime", waited)]).await;
        let xml = wait("0").await;
        assert!(xml.contains("<Play"), "{xml}");
        somebody_waits(&desk, &shop).await;

        desk.clock.advance_ms(20 * MINUTE);
        let member = ("CA7", ADAS, shop.phone_number.as_str());
        let rings_up =
            async |queue: &str| told(&desk, &format!("queue/{queue}/answer"), member, &[]).await;
        let xml = rings_up(&sales).await;
        assert!(xml.contains(r#"timeLimit="600""#), "{xml}");
        let xml = rings_up(&empty).await;
        assert!(xml.contains(r#"timeLimit="1800""#), "{xml}");
        let xml = wait("1200").await;
        assert!(xml.contains("<Play"), "{xml}");

        // The queue would have them wait for half an hour more.
        desk.clock.advance_ms(10 * MINUTE);
        let xml = wait("1800").await;
        assert!(xml.contains("<Response><Leave/></Response>"), "{xml}");
        let left = [("QueueResult", "leave"), ("QueueTime", "1800")];
        let xml = told(&desk, "queue/left?stop=0", call, &left).await;
        assert!(xml.contains("<Connect"), "nobody has pressed a key: {xml}");
        assert_eq!(dialled.only().await, Duration::from_mins(1));
    })
    .await;
}

#[tokio::test]
async fn i11_a_receptionist_who_is_reached_late_has_what_is_left_of_the_call() {
    on_each_database(async |db| {
        let (desk, dialled) = open(db).await;
        let (shop, _) = shop(&desk).await;
        let people = json!({"users": {"user_ids": [shop.member]}});
        let plan = json!({"open": people, "fallback": [{"ai": {}}]});
        let put = shop.send(&desk, "PUT", &shop.routing(), &plan).await;
        assert_eq!(put.status, 200, "{}", put.body);
        let call = ("CA1", CALLER, shop.phone_number.as_str());
        let xml = told(&desk, "twiml/inbound", call, &[]).await;
        assert!(xml.contains(r#"timeLimit="1800""#), "{xml}");
        desk.clock.advance_ms(12 * MINUTE);
        let unanswered = [("DialCallStatus", "no-answer")];
        let xml = told(&desk, "dial-status?stop=0", call, &unanswered).await;
        assert!(xml.contains("<Connect"), "{xml}");
        assert_eq!(dialled.only().await, Duration::from_mins(18));
    })
    .await;
}

#[tokio::test]
async fn p6_another_process_knows_since_when_a_call_goes_on() {
    on_each_database(async |db| {
        let (desk, _) = open(db).await;
        let (shop, _) = shop(&desk).await;
        let people = json!({"users": {"user_ids": [shop.member]}});
        let other = json!({"forward": {"name": "Elsewhere", "phone_number": "+12025550160"}});
        let plan = json!({"open": people, "fallback": [other]});
        let put = shop.send(&desk, "PUT", &shop.routing(), &plan).await;
        assert_eq!(put.status, 200, "{}", put.body);
        let call = ("CA1", CALLER, shop.phone_number.as_str());
        told(&desk, "twiml/inbound", call, &[]).await;
        let (second, _) = open(db).await;
        second.clock.advance_ms(20 * MINUTE);
        let unanswered = [("DialCallStatus", "no-answer")];
        let xml = told(&second, "dial-status?stop=0", call, &unanswered).await;
        assert!(xml.contains(r#"timeLimit="600""#), "{xml}");
    })
    .await;
}
