//! What a panic says.

use std::any::Any;

/// The words of a panic, as whoever caught it has them.
pub fn words_of(panic: Box<dyn Any + Send>) -> String {
    let words = panic
        .downcast_ref::<&str>()
        .map(|words| (*words).to_owned())
        .or_else(|| panic.downcast_ref::<String>().cloned())
        .unwrap_or_else(|| "a value that is not a string".to_owned());
    // Dropping a panic's payload may itself panic; leak it rather than find out.
    std::mem::forget(panic);
    words
}
