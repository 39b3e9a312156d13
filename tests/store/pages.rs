//! Pages: stable while the log grows, opaque, and no way in for a stranger.

use frontdesk::domain::{CallId, TenantId};
use frontdesk::store::call_search::{self, Filter};
use frontdesk::store::calls::{self, NewCall};
use frontdesk::store::page::{Cursor, Limit, Page, Request};
use frontdesk::store::{Store, receptionists};
use proptest::prelude::*;

use super::values::{add_tenant, at, new_call, receptionist, receptionist_id};
use crate::support::database::on_each_database;

#[tokio::test]
async fn pages_are_stable_while_calls_come_in() {
    on_each_database(async |db| {
        let (whose, _) = add_tenant(&db.store, 1).await;
        // Sixteen calls, four to a millisecond: the id decides.
        for n in 0..16 {
            let new = NewCall {
                created_at: at(i64::from(n / 4)),
                ..new_call(whose.id, n)
            };
            calls::find_or_create(&db.store, &new).await.unwrap();
        }
        let mut seen = Vec::new();
        let mut request = request("3", None);
        for n in 100.. {
            let page = list(&db.store, whose.id, &request).await;
            assert!(page.items.len() <= 3);
            seen.extend(page.items);
            // A newer call belongs to a page that is already turned.
            let newer = new_call(whose.id, n);
            calls::find_or_create(&db.store, &newer).await.unwrap();
            let Some(next) = page.next else { break };
            request.after = Some(next.to_string().parse().unwrap());
        }
        let expected: Vec<CallId> = (0..16).rev().map(|n| new_call(whose.id, n).id).collect();
        assert_eq!(seen, expected);
    })
    .await;
}

#[tokio::test]
async fn the_last_page_has_no_next_even_if_it_is_full() {
    on_each_database(async |db| {
        let (whose, _) = add_tenant(&db.store, 1).await;
        for n in 0..4 {
            calls::find_or_create(&db.store, &new_call(whose.id, n))
                .await
                .unwrap();
        }
        let first = list(&db.store, whose.id, &request("2", None)).await;
        let second = list(&db.store, whose.id, &request("2", first.next)).await;
        assert_eq!((second.items.len(), second.next), (2, None));
    })
    .await;
}

#[tokio::test]
async fn receptionists_come_in_pages_too() {
    on_each_database(async |db| {
        let (whose, _) = add_tenant(&db.store, 1).await;
        for n in 2..=5 {
            let who = receptionist(whose.id, n);
            receptionists::insert(&db.store, &who, at(i64::from(n)))
                .await
                .unwrap();
        }
        let first = receptionists::list(&db.store, whose.id, &request("3", None))
            .await
            .unwrap();
        let request = request("3", first.next);
        let rest = receptionists::list(&db.store, whose.id, &request)
            .await
            .unwrap();
        let ids: Vec<_> = first
            .items
            .iter()
            .chain(&rest.items)
            .map(|draft| draft.receptionist.id)
            .collect();
        assert_eq!(ids, [5, 4, 3, 2, 1].map(receptionist_id));
    })
    .await;
}

#[tokio::test]
async fn i9_a_cursor_of_another_tenant_opens_nothing() {
    on_each_database(async |db| {
        let (one, _) = add_tenant(&db.store, 1).await;
        let (other, _) = add_tenant(&db.store, 2).await;
        for n in 0..3 {
            calls::find_or_create(&db.store, &new_call(one.id, n))
                .await
                .unwrap();
        }
        let page = list(&db.store, one.id, &request("1", None)).await;
        let stolen = list(&db.store, other.id, &request("1", page.next)).await;
        assert_eq!((stolen.items, stolen.next), (vec![], None));
    })
    .await;
}

#[test]
fn a_page_has_1_to_200_things_and_50_by_default() {
    assert_eq!(Limit::default().get(), 50);
    assert_eq!("200".parse::<Limit>().unwrap().get(), 200);
    for text in ["0", "201", "-1", "", "ten", "256", "1e1"] {
        assert!(text.parse::<Limit>().is_err(), "{text}");
    }
}

#[test]
fn what_is_no_cursor_is_refused() {
    // In order: not base64, no full stop, no number, no id, an odd id.
    for text in ["", "%%%", "MTIz", "eC5jYWxs", "MS4", "MS4nOy0t"] {
        assert!(text.parse::<Cursor>().is_err(), "{text}");
    }
    assert!("MTIu".repeat(40).parse::<Cursor>().is_err());
    let cursor: Cursor = "MS5jYWxsX3g".parse().unwrap();
    assert_eq!(cursor.to_string(), "MS5jYWxsX3g");
}

proptest! {
    #[test]
    fn no_text_makes_the_cursor_panic(text in ".{0,80}") {
        if let Ok(cursor) = text.parse::<Cursor>() {
            prop_assert_eq!(cursor.to_string().parse::<Cursor>().ok(), Some(cursor));
        }
    }
}

fn request(limit: &str, after: Option<Cursor>) -> Request {
    Request {
        limit: limit.parse().expect("the test asks for a page"),
        after,
    }
}

async fn list(store: &Store, tenant: TenantId, request: &Request) -> Page<CallId> {
    let page = call_search::list(store, tenant, &Filter::default(), request)
        .await
        .expect("the log can be read");
    Page {
        items: page.items.iter().map(|call| call.id).collect(),
        next: page.next,
    }
}
