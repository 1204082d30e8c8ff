//! What crosses between JavaScript and Rust, and who owns it when.

mod array;
mod bytes;
mod message;
mod records;
mod text;

pub use array::Array;
pub use bytes::{Bytes, NoMemory, Pinned, Shared};
pub use message::Message;
pub use records::{Full, HEAD, Records};
pub use text::{Text, cut};
