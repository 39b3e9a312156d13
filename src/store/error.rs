//! What can go wrong with the database, as far as a caller would care.

use sqlx::error::ErrorKind;
use sqlx::migrate::MigrateError;

use crate::domain::ParseError;

/// Why the database did not do as it was asked. Absence is no error: it is
/// an `Option`.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Something unique is there already.
    #[error("it is there already")]
    Conflict,
    /// What was written refers to something that is not there, or something
    /// else still refers to what was deleted.
    #[error("it refers to something that is not there, or is referred to")]
    Dangling,
    /// The call was deleted, and stays so whoever tells of it.
    #[error("the call was deleted")]
    Forgotten,
    /// A row does not make sense; somebody else wrote it.
    #[error("row {id} of {table} is corrupt")]
    Corrupt {
        /// In which table.
        table: &'static str,
        /// Its primary key.
        id: String,
        /// What was expected in its place.
        source: ParseError,
    },
    /// A newer program has migrated the database.
    #[error(
        "the database has schema version {database} and this program knows {program} at most; \
         start a newer program, or restore a backup from before the upgrade"
    )]
    Newer {
        /// A version in the database that the program does not know.
        database: i64,
        /// The newest version that it knows.
        program: i64,
    },
    /// The database could not be brought up to date.
    #[error("the database could not be migrated")]
    Migrate(#[source] MigrateError),
    /// The URL names no database that we know. It is not repeated here, for
    /// it may hold a password.
    #[error("expected a database URL, sqlite://path or postgres://user@host/name")]
    Url,
    /// The folder that is to hold the database could not be made.
    #[error("the folder of the database could not be made")]
    Folder(#[source] std::io::Error),
    /// The database failed or could not be reached. Its own words may hold what was to be
    /// written, and are not repeated.
    #[error("the database failed ({})", cause(.0))]
    Database(#[source] sqlx::Error),
}

impl Error {
    /// Whether the same thing may well succeed a little later: the database
    /// was busy, or away, or chose us to break a deadlock.
    pub fn is_transient(&self) -> bool {
        let Self::Database(error) = self else {
            return false;
        };
        if let sqlx::Error::Database(error) = error {
            return error.code().is_some_and(|code| is_transient_code(&code));
        }
        matches!(
            error,
            sqlx::Error::Io(_) | sqlx::Error::PoolTimedOut | sqlx::Error::WorkerCrashed
        )
    }
}

impl Error {
    /// Whether the database is away, or takes nothing from anybody: it says nothing
    /// about what was to be written, which may well be written later.
    pub fn is_outage(&self) -> bool {
        let Self::Database(error) = self else {
            return false;
        };
        if let sqlx::Error::Database(error) = error {
            return error.code().is_some_and(|code| is_outage_code(&code));
        }
        matches!(
            error,
            sqlx::Error::Io(_)
                | sqlx::Error::Tls(_)
                | sqlx::Error::Protocol(_)
                | sqlx::Error::PoolTimedOut
                | sqlx::Error::PoolClosed
                | sqlx::Error::WorkerCrashed
        )
    }
}

impl Error {
    /// Whether the database has undone everything because others want the same: PostgreSQL
    /// breaks a deadlock so.
    pub fn is_contention(&self) -> bool {
        let Self::Database(sqlx::Error::Database(error)) = self else {
            return false;
        };
        let code = error.code();
        code.is_some_and(|code| code.len() == 5 && code.starts_with("40"))
    }
}

impl Error {
    /// Whether the database may well be there a little later, for whoever cannot begin
    /// without it: it cannot be reached, is starting, or is only read from until another
    /// takes over. Who may come in, and what is there, does not change by itself.
    pub fn is_of_absence(&self) -> bool {
        match self {
            Self::Migrate(
                MigrateError::Execute(error) | MigrateError::ExecuteMigration(error, _),
            )
            | Self::Database(error) => is_absence(error),
            Self::Conflict
            | Self::Dangling
            | Self::Forgotten
            | Self::Corrupt { .. }
            | Self::Newer { .. }
            | Self::Migrate(_)
            | Self::Url
            | Self::Folder(_) => false,
        }
    }
}

impl From<sqlx::Error> for Error {
    /// Goes by the kind of the violation: SQLite does not name the constraint.
    fn from(error: sqlx::Error) -> Self {
        match error
            .as_database_error()
            .map(sqlx::error::DatabaseError::kind)
        {
            Some(ErrorKind::UniqueViolation) => Self::Conflict,
            Some(ErrorKind::ForeignKeyViolation) => Self::Dangling,
            _ => Self::Database(error),
        }
    }
}

/// What to look up: the database's code, or what happened on the way to it.
fn cause(error: &sqlx::Error) -> String {
    if let sqlx::Error::Database(error) = error {
        let code = error.code();
        return code.map_or_else(|| "no code".to_owned(), |code| format!("code {code}"));
    }
    if let sqlx::Error::Io(error) = error {
        return error.kind().to_string();
    }
    let cause = if matches!(error, sqlx::Error::PoolTimedOut) {
        "no connection was free in time"
    } else if matches!(error, sqlx::Error::PoolClosed) {
        "it is closed"
    } else if matches!(error, sqlx::Error::Tls(_)) {
        "no TLS with it"
    } else if matches!(error, sqlx::Error::Protocol(_)) {
        "it does not keep to its protocol"
    } else {
        "in the driver"
    };
    cause.to_owned()
}

fn is_absence(error: &sqlx::Error) -> bool {
    if let sqlx::Error::Database(error) = error {
        let is_absence = |code: &str| is_transient_code(code) || code == "25006";
        return error.code().is_some_and(|code| is_absence(&code));
    }
    matches!(
        error,
        sqlx::Error::Io(_)
            | sqlx::Error::Protocol(_)
            | sqlx::Error::PoolTimedOut
            | sqlx::Error::WorkerCrashed
    )
}

/// SQLite's codes are numbers with the primary code in the low byte: 5 is
/// BUSY, 6 is LOCKED (<https://sqlite.org/rescode.html>). PostgreSQL's have
/// five characters with the class in the first two: 08 connection, 40
/// rollback, 53 resources, 57P intervention by the operator
/// (<https://www.postgresql.org/docs/current/errcodes-appendix.html>).
fn is_transient_code(code: &str) -> bool {
    if code.len() == 5 {
        return ["08", "40", "53", "57P", "55P03"]
            .iter()
            .any(|class| code.starts_with(class));
    }
    code.parse::<u32>()
        .is_ok_and(|code| matches!(code & 0xff, 5 | 6))
}

/// Beyond what is transient, of SQLite 8 READONLY, 10 IOERR, 13 FULL and 14
/// CANTOPEN; of PostgreSQL 25006 read-only, 28 who may come in, 3D no such
/// database, 57 intervention, 58 the system it runs on.
fn is_outage_code(code: &str) -> bool {
    if is_transient_code(code) {
        return true;
    }
    if code.len() == 5 {
        let classes = ["25006", "28", "3D", "57", "58"];
        return classes.iter().any(|class| code.starts_with(class));
    }
    code.parse::<u32>()
        .is_ok_and(|code| matches!(code & 0xff, 8 | 10 | 13 | 14))
}

#[cfg(test)]
mod tests {
    use super::{Error, MigrateError, is_outage_code, is_transient_code};

    #[test]
    fn d2_a_database_that_takes_nothing_is_away_and_one_that_refuses_is_not() {
        for code in [
            "5", "8", "1032", "10", "13", "25006", "53100", "57014", "3D000",
        ] {
            assert!(is_outage_code(code), "{code}");
        }
        for code in [
            "1", "11", "19", "2067", "23505", "22001", "25001", "42601", "",
        ] {
            assert!(!is_outage_code(code), "{code}");
        }
    }

    #[test]
    fn of_a_failure_what_to_look_up_is_told_and_nothing_of_what_was_written() {
        let shown = |error| Error::Database(error).to_string();
        let io = sqlx::Error::Io(std::io::ErrorKind::ConnectionRefused.into());
        assert_eq!(shown(io), "the database failed (connection refused)");
        let protocol = sqlx::Error::Protocol("+15550100001".to_owned());
        let told = "the database failed (it does not keep to its protocol)";
        assert_eq!(shown(protocol), told);
        let late = "the database failed (no connection was free in time)";
        assert_eq!(shown(sqlx::Error::PoolTimedOut), late);
        let other = sqlx::Error::RowNotFound;
        assert_eq!(shown(other), "the database failed (in the driver)");
    }

    #[test]
    fn d2_a_database_that_is_away_may_come_and_one_that_refuses_does_not() {
        let broken = || sqlx::Error::Io(std::io::ErrorKind::UnexpectedEof.into());
        for error in [
            Error::Database(sqlx::Error::PoolTimedOut),
            Error::Database(broken()),
            Error::Migrate(MigrateError::Execute(broken())),
            Error::Migrate(MigrateError::ExecuteMigration(broken(), 7)),
        ] {
            assert!(error.is_of_absence(), "{error:?}");
        }
        let newer = Error::Newer {
            database: 9,
            program: 8,
        };
        for error in [
            newer,
            Error::Url,
            Error::Migrate(MigrateError::Dirty(7)),
            Error::Database(sqlx::Error::RowNotFound),
        ] {
            assert!(!error.is_of_absence(), "{error:?}");
        }
    }

    #[test]
    fn busy_and_away_are_transient_and_wrong_is_not() {
        for code in [
            "5", "6", "261", "517", "08006", "40001", "40P01", "53300", "57P01",
        ] {
            assert!(is_transient_code(code), "{code}");
        }
        for code in ["1", "11", "2067", "23505", "42601", "57014", ""] {
            assert!(!is_transient_code(code), "{code}");
        }
    }
}
