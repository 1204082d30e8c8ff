//! All memory from the C library.

/// Nothing is kept.
#[derive(Debug)]
pub(crate) struct Keeping(());

impl Keeping {
    pub(crate) fn new() -> Self {
        Self(())
    }
}
