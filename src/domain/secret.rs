//! Values that must not be read over a shoulder: they print as dots.

use std::fmt;

macro_rules! guarded {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Default, Eq, Hash, Ord, PartialEq, PartialOrd)]
        pub struct $name<T>(T);

        impl<T> $name<T> {
            /// Wraps `value`.
            pub const fn new(value: T) -> Self {
                Self(value)
            }

            /// The value itself. Each call of this is a place to look at.
            pub const fn expose(&self) -> &T {
                &self.0
            }

            /// The value itself, unwrapped.
            pub fn into_inner(self) -> T {
                self.0
            }
        }

        impl<T> From<T> for $name<T> {
            fn from(value: T) -> Self {
                Self(value)
            }
        }

        impl<T> fmt::Debug for $name<T> {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("•••")
            }
        }

        impl<T> fmt::Display for $name<T> {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("•••")
            }
        }
    };
}

guarded!(
    /// A credential: tokens, keys, passwords.
    Secret
);
guarded!(
    /// What belongs to a person: a number, a name, words spoken.
    Pii
);
