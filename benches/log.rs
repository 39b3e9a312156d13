//! The log of 100,000 calls: what a page of it costs, on both databases.
//!
//!   cargo bench --bench log
//!
//! SQLite is a file of its own; PostgreSQL is asked where
//! `FRONTDESK_TEST_POSTGRES_URL` leads, if it is set. Prints the median and the
//! slowest of some pages for every filter, and fails if a median is above
//! 50 ms or a plan reads the whole log. What usage, limits and the deletion of
//! old calls cost stands below.
#![expect(clippy::print_stdout, reason = "it is what a bench is for")]

use std::process::ExitCode;
use std::time::Duration;

use frontdesk::clock::{Clock, random_bytes};
use frontdesk::domain::{
    CallId, CallStatus, Day, Direction, Outcome, Queue, QueueId, Quota, QuotaLimits,
    ReceptionistId, Role, Tenant, TenantId, Timestamp, User, UserId,
};
use frontdesk::store::call_search::{self, Filter};
use frontdesk::store::{
    Store, default_receptionist, page, queues, quotas, receptionists, retention, tenants, usage,
    users,
};
use sqlx::any::AnyPoolOptions;
use sqlx::{AnyPool, AssertSqlSafe, Row as _};
use tokio::time::Instant;

/// Calls of the tenant; as many are another's.
const CALLS: usize = 100_000;
/// Pages that are timed for each filter.
const PAGES: usize = 15;
/// When the first call began.
const BEGAN_MS: i64 = 1_763_717_400_000;
const LIMIT: Duration = Duration::from_millis(50);

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    // `cargo bench -- --test` wants to see that it runs, not how fast.
    let calls = if std::env::args().any(|arg| arg == "--test") {
        2_000
    } else {
        CALLS
    };
    let file = std::env::temp_dir().join(format!("frontdesk-log-{}.db", std::process::id()));
    let mut is_good = measure("SQLite", &format!("sqlite://{}", file.display()), calls).await;
    for end in ["", "-wal", "-shm"] {
        // What is not there need not be taken away.
        let _ = std::fs::remove_file(format!("{}{end}", file.display()));
    }
    if let Ok(url) = std::env::var("FRONTDESK_TEST_POSTGRES_URL") {
        let name = format!("frontdesk_log_{}", std::process::id());
        let server = pool(&url).await;
        run(&server, &format!("CREATE DATABASE {name}")).await;
        let (base, _) = url
            .rsplit_once('/')
            .expect("an address with a database's name");
        is_good &= measure("PostgreSQL", &format!("{base}/{name}"), calls).await;
        run(&server, &format!("DROP DATABASE {name} WITH (FORCE)")).await;
    }
    if is_good {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}

async fn pool(url: &str) -> AnyPool {
    sqlx::any::install_default_drivers();
    let pool = AnyPoolOptions::new().max_connections(1).connect(url).await;
    pool.expect("the database answers")
}

async fn run(pool: &AnyPool, sql: &str) {
    let done = sqlx::raw_sql(AssertSqlSafe(sql)).execute(pool).await;
    done.unwrap_or_else(|error| panic!("{error}: {sql}"));
}

async fn measure(name: &str, url: &str, calls: usize) -> bool {
    let store = Store::connect(url).await.expect("the database answers");
    store.migrate().await.expect("it can be brought up to date");
    let clock = Clock::manual(Timestamp::from_ms(BEGAN_MS));
    let (ours, theirs) = (tenant(&store, &clock).await, tenant(&store, &clock).await);
    let raw = pool(url).await;
    let mut crews = Vec::new();
    for whose in [theirs, ours] {
        let crew = Crew::of(&store, &clock, whose).await;
        fill(&raw, (whose, &crew), calls).await;
        crews.push(crew);
        clock.advance_ms(1);
    }
    run(&raw, "ANALYZE").await;
    println!("{name}, {calls} calls of one tenant and as many of another");
    println!("  {:<34} {:>10} {:>10}", "page of 50", "median", "slowest");
    let mut is_good = true;
    for (what, filter) in filters(&crews[1]) {
        let deep = what.starts_with("deep");
        let after = if deep {
            Some(middle(&store, ours, calls).await)
        } else {
            None
        };
        let request = page::Request {
            after,
            ..page::Request::default()
        };
        let mut times = Vec::new();
        for _ in 0..PAGES {
            let began = Instant::now();
            let page = call_search::list(&store, ours, &filter, &request).await;
            times.push(began.elapsed());
            page.expect("the page can be read");
        }
        times.sort();
        let (median, slowest) = (times[PAGES / 2], times[PAGES - 1]);
        println!(
            "  {what:<34} {:>7.2} ms {:>7.2} ms",
            ms(median),
            ms(slowest)
        );
        let plan = plan(&raw, name, &filter, ours).await;
        // A small table is best read whole.
        let is_whole = calls == CALLS && plan.iter().any(|line| reads_all(line));
        if is_whole || (calls == CALLS && median > LIMIT) {
            is_good = false;
            println!("    too slow, or all of the log is read: {plan:#?}");
        }
    }
    // How long few of them take is the machine's mood.
    let is_few = calls < CALLS;
    is_good &= sums(&store, &raw, ours).await || is_few;
    is_good &= forgetting(&store, theirs, calls).await || is_few;
    store.close().await;
    raw.close().await;
    is_good
}

/// What a year of usage costs to read, and whether a caller may have the AI.
async fn sums(store: &Store, raw: &AnyPool, whose: TenantId) -> bool {
    let first: Day = "2025-01-01".parse().expect("a day");
    let mut days = Vec::new();
    let mut money = Vec::new();
    for n in 0..366 {
        let day = first.plus_days(n);
        days.push(format!("('{whose}','{day}',9,1,540,60,500,1,2,0,0,3,4)"));
        money.push(format!("('{whose}','{day}','model','USD',1000)"));
        money.push(format!("('{whose}','{day}','carrier','USD',1000)"));
    }
    let columns = "tenant_id, day, inbound_calls, outbound_calls, inbound_s, outbound_s, agent_s, \
        input_text_tokens, input_audio_tokens, cached_text_tokens, cached_audio_tokens, \
        output_text_tokens, output_audio_tokens";
    insert(raw, &format!("usage_days ({columns})"), &days).await;
    let columns = "tenant_id, day, part, currency, micros";
    insert(raw, &format!("usage_money ({columns})"), &money).await;
    let now = Timestamp::from_ms(BEGAN_MS);
    let quota = Quota {
        day: QuotaLimits {
            micros: Some(1),
            ..QuotaLimits::default()
        },
        ..Quota::default()
    };
    let put = quotas::put_tenant(store, whose, &quota, now).await;
    put.expect("the tenant is there");
    let (mut year, mut may_spend) = (Vec::new(), Vec::new());
    for _ in 0..PAGES {
        let began = Instant::now();
        let found = usage::list(store, whose, (first, first.plus_days(366))).await;
        year.push(began.elapsed());
        assert_eq!(found.expect("it can be read").len(), 366);
        let began = Instant::now();
        let told = quotas::may_spend(store, whose, now).await;
        may_spend.push(began.elapsed());
        assert!(!told.expect("it can be read"));
    }
    let mut is_good = true;
    for (what, mut times) in [("a year of usage", year), ("may spend?", may_spend)] {
        times.sort();
        let (median, slowest) = (times[PAGES / 2], times[PAGES - 1]);
        println!(
            "  {what:<34} {:>7.2} ms {:>7.2} ms",
            ms(median),
            ms(slowest)
        );
        is_good &= median <= LIMIT;
    }
    is_good
}

/// For how long a writer waits behind the deletion of old calls, a little at a
/// time as the job does it.
async fn forgetting(store: &Store, whose: TenantId, calls: usize) -> bool {
    let span = (Timestamp::from_ms(i64::MAX), Timestamp::from_ms(0));
    let mut times = Vec::new();
    for _ in 0..(calls / 100) {
        let began = Instant::now();
        let deleted = retention::delete_calls(store, whose, span, 25).await;
        times.push(began.elapsed());
        assert_eq!(deleted.expect("they can be deleted"), 25);
    }
    times.sort();
    let (median, slowest) = (times[times.len() / 2], times[times.len() - 1]);
    println!(
        "  {:<34} {:>7.2} ms {:>7.2} ms",
        "25 calls forgotten",
        ms(median),
        ms(slowest)
    );
    median <= LIMIT
}

fn ms(time: Duration) -> f64 {
    time.as_secs_f64() * 1e3
}

fn reads_all(line: &str) -> bool {
    let line = line.trim_start_matches(['-', '>', ' ']);
    line.starts_with("SCAN calls")
        || line.contains("Seq Scan on call")
        || line.contains("TEMP B-TREE")
}

/// How the database goes about it, a line a step.
async fn plan(raw: &AnyPool, name: &str, filter: &Filter, whose: TenantId) -> Vec<String> {
    let mut sql = call_search::sql(filter);
    // A plan is made for values: the last place has the longest name.
    for place in (5..=9).rev() {
        sql = sql.replace(&format!("${place}"), "'0'");
    }
    let sql = sql
        .replace("$1", &format!("'{whose}'"))
        .replace("$2", "9223372036854775807")
        .replace("$3", "''")
        .replace("$4", "51");
    let explain = if name == "SQLite" {
        "EXPLAIN QUERY PLAN"
    } else {
        "EXPLAIN"
    };
    let sql = format!("{explain} {sql}");
    let rows = sqlx::raw_sql(AssertSqlSafe(sql.as_str()))
        .fetch_all(raw)
        .await;
    let rows = rows.unwrap_or_else(|error| panic!("{error}: {sql}"));
    let column = if name == "SQLite" { 3 } else { 0 };
    rows.iter()
        .map(|row| row.get::<String, _>(column))
        .collect()
}

/// The place in the middle of the log.
async fn middle(store: &Store, whose: TenantId, calls: usize) -> page::Cursor {
    let until = Timestamp::from_ms(BEGAN_MS + i64::try_from(calls).expect("few") * 500);
    let filter = Filter {
        until: Some(until),
        ..Filter::default()
    };
    let page = call_search::list(store, whose, &filter, &page::Request::default()).await;
    page.expect("the page can be read")
        .next
        .expect("there are more")
}

fn filters(crew: &Crew) -> Vec<(&'static str, Filter)> {
    let mut filters = Vec::new();
    let mut ask = |what, set: fn(&mut Filter)| {
        let mut filter = Filter::default();
        set(&mut filter);
        filters.push((what, filter));
    };
    ask("first page", |_| {});
    ask("deep cursor", |_| {});
    ask("direction=outbound (1 in 10)", |all| {
        all.direction = Some(Direction::Outbound);
    });
    ask("status=completed", |all| {
        all.status = Some(CallStatus::Completed);
    });
    ask("status=failed (none)", |all| {
        all.status = Some(CallStatus::Failed);
    });
    ask("outcome=ai", |all| all.outcome = "ai".parse().ok());
    ask("outcome=voicemail (1 in 1,000)", |all| {
        all.outcome = "voicemail".parse().ok();
    });
    ask("number (1 in 100)", |all| {
        all.number = "+15550000077".parse().ok();
    });
    ask("tag (1 in 500)", |all| all.tag = "vip".parse().ok());
    ask("q=appointment (1 in 2)", |all| {
        all.search = "appointment".parse().ok();
    });
    ask("q=zebra appointment (1 in 1,000)", |all| {
        all.search = "zebra appointment".parse().ok();
    });
    ask("q=0077, the end of a number", |all| {
        all.search = "0077".parse().ok();
    });
    ask("since and until", |all| {
        all.since = Some(Timestamp::from_ms(BEGAN_MS));
        all.until = Some(Timestamp::from_ms(BEGAN_MS + 900_000));
    });
    filters.extend(of_people(crew));
    filters
}

/// What is asked of those who have the calls.
fn of_people(crew: &Crew) -> [(&'static str, Filter); 5] {
    let of_member = Filter {
        user: Some(crew.member),
        ..Filter::default()
    };
    let answered = Filter {
        receptionist: Some(crew.receptionist),
        ..Filter::default()
    };
    let own = Filter {
        owner: Some(crew.member),
        ..Filter::default()
    };
    let both = Filter {
        owner: Some(crew.member),
        ..answered.clone()
    };
    let watched = Filter {
        watcher: Some(crew.member),
        outcome: Some(Outcome::Open),
        ..Filter::default()
    };
    [
        ("user (1 in 200)", of_member),
        ("receptionist (1 in 3)", answered),
        ("an agent's own (1 in 200)", own),
        ("an agent's own of a receptionist", both),
        ("what an agent watches (1 in 500)", watched),
    ]
}

async fn tenant(store: &Store, clock: &Clock) -> TenantId {
    let tenant = Tenant {
        id: clock.new_id(),
        name: "bench".to_owned(),
        time_zone: "UTC".to_owned(),
        default_receptionist: None,
    };
    let made = tenants::insert(store, &tenant, clock.now()).await;
    made.expect("the tenant is new");
    tenant.id
}

/// Who has a tenant's calls.
struct Crew {
    member: UserId,
    receptionist: ReceptionistId,
    /// Where callers wait for the member.
    queue: QueueId,
}

impl Crew {
    async fn of(store: &Store, clock: &Clock, whose: TenantId) -> Self {
        let member = member(store, clock, whose).await;
        let receptionist = default_receptionist(whose, clock.new_id());
        let added = receptionists::insert(store, &receptionist, clock.now()).await;
        added.expect("the receptionist is new");
        let queue = Queue {
            id: clock.new_id(),
            tenant_id: whose,
            name: "Sales".to_owned(),
            hold_music_url: None,
            announces_position: true,
            announces_wait: true,
            max_wait: Duration::from_mins(5),
            max_size: 1_000,
            members: vec![member],
            created_at: clock.now(),
        };
        let added = queues::insert(store, &queue).await;
        added.expect("the queue is new");
        Self {
            member,
            receptionist: receptionist.id,
            queue: queue.id,
        }
    }
}

async fn member(store: &Store, clock: &Clock, whose: TenantId) -> UserId {
    let id: UserId = clock.new_id();
    let user = User {
        id,
        tenant_id: whose,
        email: format!("{id}@example.com").parse().expect("an address"),
        name: "Ada".to_owned(),
        role: Role::Agent,
        subject: id.to_string(),
        phone_number: None,
        is_active: true,
        created_at: clock.now(),
    };
    let added = users::insert(store, &user).await;
    added.expect("the member is new");
    id
}

/// A call each second, written in bulk; what stands in the rows is what the
/// store would have written.
async fn fill(raw: &AnyPool, (whose, crew): (TenantId, &Crew), calls: usize) {
    const AT_ONCE: usize = 200;
    for first in (0..calls).step_by(AT_ONCE) {
        // Where nothing has been counted yet, a planner looks for a call among all of its
        // tenant; a database that is left to itself counts within a minute.
        if first == AT_ONCE {
            run(raw, "ANALYZE").await;
        }
        let (mut rows, mut words, mut tags) = (Vec::new(), Vec::new(), Vec::new());
        let mut waits = Vec::new();
        for n in first..calls.min(first + AT_ONCE) {
            let at = BEGAN_MS + i64::try_from(n).expect("few") * 1_000;
            let seed = u128::from_le_bytes(random_bytes());
            let id = CallId::from((Timestamp::from_ms(at), seed)).to_string();
            let (direction, from, to) = match (n % 10, n % 100) {
                (9, ending) => ("outbound", "+15559999999".to_owned(), number(ending)),
                (_, ending) => ("inbound", number(ending), "+15559999999".to_owned()),
            };
            let named = (id.as_str(), direction, from.as_str(), to.as_str());
            let (row, is_open) = row((whose, crew), (n, at), named);
            rows.push(row);
            let wait = || format!("('{whose}','{id}','{}',{at})", crew.queue);
            waits.extend(is_open.then(wait));
            let mut found = vec![from[1..].to_owned(), to[1..].to_owned()];
            found.push(format!("{:04}", n % 100));
            found.push(if n % 2 == 0 { "appointment" } else { "opening" }.to_owned());
            found.extend((n % 1_000 == 8).then(|| "zebra".to_owned()));
            found.extend((0..12).map(|word| format!("word{}", (n * 31 + word * 977) % 5_000)));
            let row = |word: &String| format!("('{whose}','{word}',{at},'{id}')");
            words.extend(found.iter().map(row));
            tags.extend((n % 500 == 3).then(|| format!("('{whose}','vip',{at},'{id}')")));
        }
        insert(
            raw,
            "calls (id, tenant_id, call_sid, direction, from_party, to_party, status, \
            created_at_ms, ended_at_ms, outcome, usage_day, user_id, receptionist_id)",
            &rows,
        )
        .await;
        insert(
            raw,
            "call_words (tenant_id, word, created_at_ms, call_id)",
            &words,
        )
        .await;
        insert(
            raw,
            "call_tags (tenant_id, tag, created_at_ms, call_id)",
            &tags,
        )
        .await;
        insert(
            raw,
            "queue_waits (tenant_id, call_id, queue_id, since_ms)",
            &waits,
        )
        .await;
    }
}

/// What stands in the row of the `n`th call, and whether it goes on.
fn row(
    (whose, crew): (TenantId, &Crew),
    (n, at): (usize, i64),
    (id, direction, from, to): (&str, &str, &str, &str),
) -> (String, bool) {
    let named = |is_so: bool, id: String| {
        if is_so {
            format!("'{id}'")
        } else {
            "NULL".to_owned()
        }
    };
    let user = named(n % 200 == 11, crew.member.to_string());
    let answerer = named(n % 3 == 0, crew.receptionist.to_string());
    let (status, ended, outcome) = match (n % 500, n % 1_000) {
        (7, _) => ("in-progress", "NULL".to_owned(), "open"),
        (_, 5) => ("completed", at.to_string(), "voicemail"),
        _ => ("completed", at.to_string(), "ai"),
    };
    let row = format!(
        "('{id}','{whose}','CA-{id}','{direction}','{from}','{to}','{status}',{at},{ended},\
         '{outcome}','2025-11-21',{user},{answerer})"
    );
    (row, outcome == "open")
}

fn number(ending: usize) -> String {
    format!("+155500000{ending:02}")
}

async fn insert(raw: &AnyPool, table: &str, rows: &[String]) {
    if !rows.is_empty() {
        let rows = rows.join(",");
        run(
            raw,
            &format!("INSERT INTO {table} VALUES {rows} ON CONFLICT DO NOTHING"),
        )
        .await;
    }
}
