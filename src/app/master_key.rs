//! The key that seals: given, or kept in a file beside the database.

use std::fs::OpenOptions;
use std::io::{self, ErrorKind, Write as _};
use std::path::{Path, PathBuf};

use anyhow::Context as _;

use super::config::SealConfig;
use crate::clock::random_bytes;
use crate::domain::Secret;
use crate::store::{MasterKey, Seals, Store};

/// What seals here. Without a key beside an SQLite file, one is made there, so
/// that a receptionist on one machine keeps secrets with nothing configured;
/// beside PostgreSQL, where several processes need the same, it is to be given.
pub(super) fn seals(config: &SealConfig, database_url: &Secret<String>) -> anyhow::Result<Seals> {
    let given = config.master_key.as_ref();
    let file = Store::file(database_url.expose()).map(|file| beside(&file));
    let kept = match (&file, given) {
        (Some(file), None) => Some(made(file)?),
        // What it has sealed before a key was given still opens.
        (Some(file), Some(_)) => read(file)?,
        (None, Some(_)) => None,
        (None, None) => {
            tracing::warn!(
                "secrets that tenants give cannot be kept; MASTER_KEY is to be set \
                 (`openssl rand -base64 32`)"
            );
            return Ok(Seals::default());
        }
    };
    let earlier = config.master_key_secondary.as_ref();
    Ok(Seals::new(given.into_iter().chain(&kept).chain(earlier)))
}

fn beside(database: &Path) -> PathBuf {
    let mut path = database.as_os_str().to_owned();
    path.push(".key");
    PathBuf::from(path)
}

/// The key in that file, if it is there.
fn read(file: &Path) -> anyhow::Result<Option<MasterKey>> {
    let place = || format!("the key file {}", file.display());
    match std::fs::read_to_string(file) {
        Ok(text) => text.trim().parse().map(Some).with_context(place),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error).with_context(place),
    }
}

/// The key in that file, which is made where it is missing: as a whole, and of
/// several processes that make it at one time, by one.
fn made(file: &Path) -> anyhow::Result<MasterKey> {
    if let Some(key) = read(file)? {
        return Ok(key);
    }
    let place = || format!("the key file {}", file.display());
    let folder = file.parent().filter(|one| !one.as_os_str().is_empty());
    let folder = folder.unwrap_or(Path::new("."));
    std::fs::create_dir_all(folder).with_context(place)?;
    let draft = written(folder, &MasterKey::random()).with_context(place)?;
    match std::fs::hard_link(&draft, file) {
        Ok(()) => std::fs::remove_file(&draft).with_context(place)?,
        Err(error) if error.kind() == ErrorKind::AlreadyExists => {
            std::fs::remove_file(&draft).with_context(place)?;
        }
        // Not every file system has two names for a file.
        Err(_) => std::fs::rename(&draft, file).with_context(place)?,
    }
    let name = file.display().to_string();
    tracing::info!(
        file = name,
        "a key was made that seals secrets; keep it with backups"
    );
    read(file)?.with_context(|| format!("the key file {name} is gone again"))
}

/// A file with the key under a name that nobody looks for, which its owner alone
/// can read from its first byte.
fn written(folder: &Path, key: &MasterKey) -> io::Result<PathBuf> {
    let name = u64::from_le_bytes(random_bytes());
    let path = folder.join(format!(".frontdesk-{name:016x}.key"));
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(&path)?;
    writeln!(file, "{}", key.to_text().expose())?;
    file.sync_all()?;
    Ok(path)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::TenantId;
    use crate::store::{Place, SealError};

    #[test]
    fn without_a_key_one_is_kept_beside_the_database() {
        let folder = tempfile::TempDir::new().unwrap();
        let url = format!("sqlite://{}/sub/desk.db", folder.path().display());
        let url = Secret::new(url);
        let nothing = SealConfig {
            master_key: None,
            master_key_secondary: None,
        };
        let tenant = TenantId::from_parts(crate::domain::Timestamp::from_ms(0), 1);
        let place = Place {
            tenant,
            table: "ivr_flows",
            row: "flw_1",
        };
        let secret = Secret::new("Bearer abc".to_owned());
        let sealed = seals(&nothing, &url).unwrap().seal(&place, &secret);
        let sealed = sealed.unwrap();
        let again = seals(&nothing, &url).unwrap();
        assert_eq!(again.open(&place, &sealed), Ok(secret.clone()));
        let files = std::fs::read_dir(folder.path().join("sub")).unwrap();
        let names: Vec<_> = files.map(|file| file.unwrap().file_name()).collect();
        assert_eq!(names, ["desk.db.key"], "and no draft is left");
        // Who gives a key of their own keeps what was sealed before.
        let own = SealConfig {
            master_key: Some(MasterKey::random()),
            master_key_secondary: None,
        };
        let own = seals(&own, &url).unwrap();
        assert_eq!(own.open(&place, &sealed), Ok(secret.clone()));
        let anew = own.seal(&place, &secret).unwrap();
        assert_eq!(again.open(&place, &anew), Err(SealError::OtherKey));
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt as _;
            let file = folder.path().join("sub/desk.db.key");
            let mode = file.metadata().unwrap().permissions().mode();
            assert_eq!(mode & 0o777, 0o600, "nobody else reads it");
        }
    }

    #[test]
    fn beside_postgresql_a_key_is_to_be_given() {
        let url = Secret::new("postgres://desk@db/desk".to_owned());
        let key = MasterKey::random();
        let config = |master_key| SealConfig {
            master_key,
            master_key_secondary: None,
        };
        assert_eq!(format!("{:?}", seals(&config(None), &url).unwrap()), "[]");
        let given = seals(&config(Some(key.clone())), &url).unwrap();
        let expected = Seals::new([&key]);
        assert_eq!(format!("{given:?}"), format!("{expected:?}"));
    }
}
