//! Bytes that cross from JavaScript into a native task, and who may touch them when.
//!
//! - [`Bytes::Owned`]: copied (or encoded from a string) at submit; nobody else has them.
//! - [`Bytes::Pinned`]: the memory of an ArrayBuffer. A buffer named in `transfer` was detached from its owner first, so
//!   that no JavaScript can reach it; the JavaScript side keeps it alive, and does not hand it out, until it has been
//!   told that the task is over. A large buffer that was not is *borrowed*: its owner may detach it, which takes the
//!   memory away from it and from nobody else, as this keeps it alive itself. The owner may also write to it, against
//!   the documented rule: then the task may come to anything.
//! - [`Bytes::Shared`]: a SharedArrayBuffer, which other threads may write at any time. It is never
//!   seen as a slice: the native thread copies it, atomically word by word, before the task reads it.

use std::fmt::Debug;
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, AtomicUsize, Ordering};

/// Memory of an ArrayBuffer, which stays allocated and in its place for as long as this, or a clone, exists.
#[derive(Clone, Debug)]
pub struct Pinned {
    start: *const u8,
    length: usize,
    /// What keeps it, if nobody else does.
    _keeper: Option<Arc<dyn Keeper>>,
}

/// Something that keeps memory by being there, and lets go of it on any thread.
pub trait Keeper: Debug + Send + Sync {}

impl<K: Debug + Send + Sync> Keeper for K {}

// SAFETY: the memory is plain bytes and the constructor's caller guarantees that it stays valid and
// unwritten until this value is dropped, whichever thread reads it.
unsafe impl Send for Pinned {}
// SAFETY: as above; only reads happen through it.
unsafe impl Sync for Pinned {}

impl Pinned {
    /// Pins `length` bytes at `start`, which `keeper` keeps, or the caller.
    ///
    /// # Safety
    /// Until the value and its clones are dropped, the memory must stay allocated and must not be written.
    pub unsafe fn new(start: *const u8, length: usize, keeper: Option<Arc<dyn Keeper>>) -> Self {
        Self { start, length, _keeper: keeper }
    }

    fn as_slice(&self) -> &[u8] {
        if self.length == 0 {
            return &[]; // JavaScript may give a null pointer for nothing
        }
        // SAFETY: `new`'s contract: valid and unwritten while `self` lives; the length is not zero,
        // so the pointer is not null, and an ArrayBuffer never exceeds isize::MAX bytes.
        unsafe { std::slice::from_raw_parts(self.start, self.length) }
    }
}

/// Memory of a SharedArrayBuffer, kept alive by the JavaScript side; anybody may be writing it.
#[derive(Clone, Debug)]
pub struct Shared {
    start: *const u8,
    length: usize,
}

// SAFETY: every access goes through atomics; the constructor's caller keeps the memory allocated.
unsafe impl Send for Shared {}
// SAFETY: as above.
unsafe impl Sync for Shared {}

impl Shared {
    /// Names `length` bytes at `start`.
    ///
    /// # Safety
    /// Until the value and its clones are dropped, the memory must stay allocated, and whoever writes it must do so as
    /// JavaScript engines do: by accesses that are atomic at the machine's level.
    pub unsafe fn new(start: *const u8, length: usize) -> Self {
        Self { start, length }
    }

    /// A private copy of what the memory holds now, made in pieces of which each takes less than a few milliseconds; `ask`
    /// is asked before each. Bytes written meanwhile are old or new, never anything else. O(length).
    ///
    /// # Errors
    /// What `ask` says, or [`NoMemory`].
    pub fn snapshot<E: From<NoMemory>>(&self, mut ask: impl FnMut() -> Result<(), E>) -> Result<Vec<u8>, E> {
        let mut copy = Vec::new();
        copy.try_reserve_exact(self.length).map_err(|_| NoMemory(self.length))?;
        while copy.len() < self.length {
            ask()?;
            let end = (copy.len() + PIECE).min(self.length);
            self.append_to(&mut copy, end);
        }
        Ok(copy)
    }

    /// Copies the bytes from `copy`'s length to `end`, which are within the memory.
    fn append_to(&self, copy: &mut Vec<u8>, end: usize) {
        const WORD: usize = size_of::<usize>();
        while copy.len() < end {
            let at = self.start.wrapping_add(copy.len());
            if at.align_offset(WORD) == 0 && end - copy.len() >= WORD {
                // SAFETY: `new`'s contract: allocated; aligned and within bounds by the check above.
                // Relaxed: each word is its own datum, and the caller has no order to rely on.
                let word = unsafe { &*at.cast::<AtomicUsize>() }.load(Ordering::Relaxed);
                copy.extend_from_slice(&word.to_ne_bytes());
            } else {
                // SAFETY: allocated and within bounds, as above; a byte needs no alignment.
                copy.push(unsafe { &*at.cast::<AtomicU8>() }.load(Ordering::Relaxed));
            }
        }
    }
}

/// Bytes that are copied without a look at whether to go on.
const PIECE: usize = 128 * 1024;

/// There is no memory for a copy of so many bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NoMemory(pub usize);

/// The bytes of one input. See the module's words on who owns them. A clone, for another try, copies those that are
/// owned.
#[derive(Clone, Debug)]
pub enum Bytes {
    /// Nobody else has them.
    Owned(Vec<u8>),
    /// An ArrayBuffer that JavaScript keeps still.
    Pinned(Pinned),
    /// A SharedArrayBuffer that anybody may write.
    Shared(Shared),
}

impl Bytes {
    /// Turns shared memory into a private copy, as [`Shared::snapshot`] does; the rest stays as it is. Called on the native
    /// thread, before the task reads: [`Bytes::as_slice`] has nothing to show of shared memory.
    ///
    /// # Errors
    /// As [`Shared::snapshot`].
    pub fn settle<E: From<NoMemory>>(&mut self, ask: impl FnMut() -> Result<(), E>) -> Result<(), E> {
        if let Bytes::Shared(shared) = self {
            *self = Bytes::Owned(shared.snapshot(ask)?);
        }
        Ok(())
    }

    /// Bytes that a task has copies of, or gets when they are [settled](Bytes::settle). Those that were copied at submit
    /// count if they are more than `SMALL` together. O(inputs).
    pub fn copied(inputs: &[Self]) -> usize {
        /// Below this, asking for memory would cost more than a small task can spare.
        const SMALL: usize = 32 * 1024;
        let (mut owned, mut shared) = (0, 0);
        for input in inputs {
            match input {
                Bytes::Owned(bytes) => owned += bytes.len(),
                Bytes::Shared(memory) => shared += memory.length,
                Bytes::Pinned(_) => {}
            }
        }
        shared + if owned > SMALL { owned } else { 0 }
    }

    /// The bytes.
    ///
    /// # Panics
    /// On shared memory that [`Bytes::settle`] has not copied yet.
    pub fn as_slice(&self) -> &[u8] {
        match self {
            Bytes::Owned(bytes) => bytes,
            Bytes::Pinned(pinned) => pinned.as_slice(),
            Bytes::Shared(_) => unreachable!("shared memory is copied before a task sees it"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_snapshot_of_shared_memory_is_exact_at_every_alignment() {
        let memory: Vec<u8> = (0..100).collect();
        for start in 0..17 {
            for end in start..100 {
                let part = &memory[start..end];
                // SAFETY: `memory` outlives the value, and nobody writes it.
                let shared = unsafe { Shared::new(part.as_ptr(), part.len()) };
                assert_eq!(shared.snapshot(|| Ok::<_, NoMemory>(())).as_deref(), Ok(part));
            }
        }
    }

    #[test]
    fn a_copy_of_shared_memory_is_given_up_between_two_pieces() {
        #[derive(Debug, PartialEq)]
        enum Stop {
            Told,
            NoMemory(NoMemory),
        }
        impl From<NoMemory> for Stop {
            fn from(no_memory: NoMemory) -> Self {
                Stop::NoMemory(no_memory)
            }
        }
        let memory: Vec<u8> = (0..3 * PIECE + 5).map(|at| at as u8).collect();
        // SAFETY: `memory` outlives the value, and nobody writes it.
        let shared = unsafe { Shared::new(memory.as_ptr(), memory.len()) };
        for told_at in 1..=5 {
            let mut asked = 0;
            let mut bytes = Bytes::Shared(shared.clone());
            let result = bytes.settle(|| {
                asked += 1;
                if asked == told_at { Err(Stop::Told) } else { Ok(()) }
            });
            if told_at <= 4 {
                assert_eq!((result, asked), (Err(Stop::Told), told_at));
            } else {
                assert_eq!((result, asked), (Ok(()), 4));
                assert_eq!(bytes.as_slice(), memory);
            }
        }
        // SAFETY: none of it is read: there is no memory for a copy.
        let endless = unsafe { Shared::new(memory.as_ptr(), isize::MAX as usize) };
        let result = Bytes::Shared(endless).settle(|| Err(Stop::Told));
        assert_eq!(result, Err(Stop::NoMemory(NoMemory(isize::MAX as usize))));
    }

    #[test]
    fn copies_count_once_they_are_large() {
        let memory = [0; 10];
        // SAFETY: `memory` outlives them, and nobody writes it.
        let [pinned, shared] = unsafe {
            let start = memory.as_ptr();
            [Bytes::Pinned(Pinned::new(start, 10, None)), Bytes::Shared(Shared::new(start, 10))]
        };
        let owned = |length| Bytes::Owned(vec![0; length]);
        let half = 16 * 1024;
        assert_eq!(Bytes::copied(&[]), 0);
        assert_eq!(Bytes::copied(&[owned(half), pinned.clone(), owned(half)]), 0, "small, or nobody's copy");
        assert_eq!(Bytes::copied(&[owned(half), pinned, owned(half + 1)]), 2 * half + 1);
        assert_eq!(Bytes::copied(&[shared.clone(), owned(1), shared]), 20, "of what is shared, every byte");
        assert_eq!(Bytes::copied(&[owned(1 << 20)]), 1 << 20);
    }

    #[test]
    fn nothing_at_a_null_pointer_is_an_empty_slice() {
        // SAFETY: no byte is named.
        let pinned = unsafe { Pinned::new(std::ptr::null(), 0, None) };
        assert_eq!(Bytes::Pinned(pinned).as_slice(), b"");
    }
}
