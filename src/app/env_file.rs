//! The file `.env`: settings for those who do not want to type them.

use anyhow::bail;

/// Adds what `.env` says to the environment; what is set already stays.
///
/// The file is looked for in this directory and above. To be called before
/// there are threads: the environment belongs to all of them.
///
/// # Errors
///
/// Does not repeat the line that is no setting: it may be a secret.
pub fn read_env_file() -> anyhow::Result<()> {
    match dotenvy::dotenv() {
        Ok(_) => Ok(()),
        Err(error) if error.not_found() => Ok(()),
        Err(dotenvy::Error::LineParse(..)) => bail!(
            ".env: a line is not NAME=value; a value with spaces or signs wants single quotes, \
             and a comment begins with #"
        ),
        Err(error) => bail!(".env cannot be read: {error}"),
    }
}
