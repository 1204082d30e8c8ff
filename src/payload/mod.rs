//! What crosses between JavaScript and Rust, and who owns it when.

mod array;
mod bytes;
mod message;
mod part;
mod records;
mod text;

pub use array::Array;
pub use bytes::{Bytes, NoMemory, Pinned, Shared};
pub use message::{Long, Message};
pub use part::Part;
#[cfg(feature = "testing")]
pub use part::count as parts;
pub use records::{Characters, Full, HEAD, LONG_TEXT, Records};
pub use text::{Text, cut};
