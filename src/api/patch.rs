//! A change laid over what is there, and the names of what it changes.

use super::extract::Given;

/// The names of the fields that were given, for the audit log.
#[derive(Debug, Default)]
pub(super) struct Fields(pub(super) Vec<&'static str>);

impl Fields {
    /// Lays `given` over `place`, if anything was given.
    pub(super) fn lay<T>(&mut self, name: &'static str, given: Option<T>, place: &mut T) {
        if let Some(given) = given {
            *place = given;
            self.0.push(name);
        }
    }

    /// Lays what may be null over `place`, if anything was given.
    pub(super) fn lay_given<T>(
        &mut self,
        name: &'static str,
        given: Given<T>,
        place: &mut Option<T>,
    ) {
        if let Given::As(value) = given {
            *place = value;
            self.0.push(name);
        }
    }
}
