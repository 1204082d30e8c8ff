//! Where the addon's memory comes from: what is large from the system, a mapping for each block, the rest from the C
//! library.
//!
//! glibc gives each thread an arena, and a block that is freed there goes back to the system only if nothing lies
//! behind it. Blocks of megabytes that come and go on threads which come and go themselves (the windows and tables of
//! the compressors, copies of inputs, outputs, which the collector frees on its own threads) leave arenas behind of
//! which next to nothing is used, and nothing is given back. It has a way out, a mapping for each large block, and gives
//! that up by itself: whenever one is freed, the size from which on blocks are large grows, up to 32 MiB. It could be
//! fixed, but only for the whole process, which is not ours.
//!
//! So a block of [`LARGE`] bytes or more is a mapping here, and gone when it is freed, whoever frees it and whatever lies
//! around it.
//!
//! # What is kept
//!
//! The pages of a new mapping are no memory yet. Touching them for the first time takes 0.25 ms a megabyte, which is as
//! long as zstd takes to compress it. So what is freed is kept for the next block of its size: at most [`KEPT`] bytes for
//! each native thread that there is ([`Keeping`]), those freed last. Native threads end when they have been idle for a
//! while, and what is kept for them goes with them; where there are none, nothing is kept.
//!
//! Blocks fit if they are of one length, so lengths are rounded up, by less than a quarter. That is address space: pages
//! that are not touched take no memory.

use std::alloc::{GlobalAlloc, Layout, System};
use std::mem::MaybeUninit;
use std::ptr::{NonNull, copy_nonoverlapping, null_mut};
use std::sync::{Mutex, MutexGuard, PoisonError};

use rustix::mm::{Advice, MapFlags, MremapFlags, ProtFlags, madvise, mmap_anonymous, mremap, munmap};

/// Bytes from which on a block is a mapping.
const LARGE: usize = 1 << 20;

/// How mappings are aligned at least, as no system has smaller pages.
const PAGE: usize = 4096;

/// What the length of a mapping is a multiple of.
const LARGEST_PAGE: usize = 1 << 16;

/// Bytes that are kept for each native thread.
const KEPT: usize = 16 << 20;

/// Blocks that are kept at most. As many of the smallest as four threads may keep.
const MOST: usize = 4 * KEPT / LARGE;

/// Up to this many bytes, zeroing what was kept costs less than new pages of which all are touched, and not much more
/// than those of which none is.
const LARGEST_ZEROED: usize = 8 << 20;

/// See the module's words.
struct Allocator;

#[global_allocator]
static ALLOCATOR: Allocator = Allocator;

/// Whether blocks of this layout are mappings.
fn is_large(layout: Layout) -> bool {
    layout.size() >= LARGE && layout.align() <= PAGE
}

/// Bytes of the mapping for a block of `size` bytes. Those that are never kept have no others to be like.
fn length_of(size: usize) -> usize {
    let unit = if size <= KEPT { 1 << (size.ilog2() - 2) } else { LARGEST_PAGE };
    size.next_multiple_of(unit)
}

/// A mapping, whole, that nobody else has.
struct Mapping {
    start: NonNull<u8>,
    length: usize,
}

// SAFETY: pages belong to no thread.
unsafe impl Send for Mapping {}

impl Mapping {
    /// Zeroed pages. `None` if there are none.
    fn new(length: usize) -> Option<Self> {
        let (protection, flags) = (ProtFlags::READ | ProtFlags::WRITE, MapFlags::PRIVATE);
        // SAFETY: a new mapping where the system likes: nobody's memory is touched.
        let start = unsafe { mmap_anonymous(null_mut(), length, protection, flags) }.ok()?;
        Some(Self { start: NonNull::new(start.cast())?, length })
    }

    /// One that was kept, with whatever is in it.
    fn kept(length: usize) -> Option<Self> {
        kept().take(length)
    }

    /// Keeps it, or gives it back, or what was kept longer.
    fn free(self) {
        let mut freed = kept().put(self);
        // Giving back takes a while: not under the lock.
        while let Some(mapping) = freed {
            mapping.unmap();
            freed = kept().excess();
        }
    }

    fn unmap(self) {
        // SAFETY: whole, and nobody uses it any more. It fails if the system cannot describe what is left; then it stays.
        let _ = unsafe { munmap(self.start.as_ptr().cast(), self.length) };
    }

    /// The same with another length, perhaps elsewhere; nothing changes if there is no memory for it. There always is for a
    /// shorter one, as whoever shrinks relies on: if the system cannot describe it, what is behind it stays, and is lost.
    fn resized(self, length: usize) -> Option<Self> {
        // SAFETY: whole, and its owner expects it to move.
        match unsafe { mremap(self.start.as_ptr().cast(), self.length, length, MremapFlags::MAYMOVE) } {
            Ok(start) => Some(Self { start: NonNull::new(start.cast())?, length }),
            Err(_) if length < self.length => Some(Self { length, ..self }),
            Err(_) => None,
        }
    }
}

/// What was freed last, in that order.
struct Kept {
    mappings: [Option<Mapping>; MOST],
    count: usize,
    bytes: usize,
    /// Bytes that may be kept.
    limit: usize,
}

static MAPPINGS: Mutex<Kept> = Mutex::new(Kept::NOTHING);

fn kept() -> MutexGuard<'static, Kept> {
    // It is poisoned by nobody: nothing below unwinds.
    MAPPINGS.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Kept {
    const NOTHING: Self = Self { mappings: [const { None }; MOST], count: 0, bytes: 0, limit: 0 };

    /// The mapping of that length which was freed last.
    fn take(&mut self, length: usize) -> Option<Mapping> {
        let fits =
            |mapping: &Option<Mapping>| mapping.as_ref().is_some_and(|mapping| mapping.length == length);
        let at = self.mappings[..self.count].iter().rposition(fits)?;
        self.remove(at)
    }

    /// Answers what is to be freed instead, if anything; there may be more ([`Kept::excess`]).
    fn put(&mut self, mapping: Mapping) -> Option<Mapping> {
        if mapping.length > self.limit {
            return Some(mapping);
        }
        let oldest = if self.count == MOST { self.remove(0) } else { None };
        self.bytes += mapping.length;
        self.mappings[self.count] = Some(mapping);
        self.count += 1;
        oldest.or_else(|| self.excess())
    }

    /// The oldest, if there is more than may be kept.
    fn excess(&mut self) -> Option<Mapping> {
        if self.bytes > self.limit { self.remove(0) } else { None }
    }

    fn remove(&mut self, at: usize) -> Option<Mapping> {
        let mapping = self.mappings[at].take()?;
        self.mappings[at..self.count].rotate_left(1);
        self.count -= 1;
        self.bytes -= mapping.length;
        Some(mapping)
    }
}

/// A thread that keeps what it frees, as long as this exists.
#[derive(Debug)]
pub(crate) struct Keeping(());

impl Keeping {
    pub(crate) fn new() -> Self {
        kept().limit += KEPT;
        Self(())
    }
}

impl Drop for Keeping {
    fn drop(&mut self) {
        kept().limit -= KEPT;
        loop {
            let Some(mapping) = kept().excess() else { break };
            mapping.unmap();
        }
    }
}

/// Bytes from which on a block that is filled whole pays for the largest pages.
const LEAST_WHOLE: usize = 4 << 20;

/// Says of a block from here that all of it is about to be written: the system may give it in large pieces, which takes a
/// fraction of the time, where whoever runs it has allowed that.
pub(crate) fn will_be_filled(block: &mut [MaybeUninit<u8>]) {
    if block.len() >= LEAST_WHOLE {
        let start = block.as_mut_ptr().cast::<u8>();
        let skipped = start.align_offset(PAGE);
        let length = (block.len() - skipped) / PAGE * PAGE;
        // SAFETY: whole pages within the block, which the advice changes nothing of but how they are made. If it is refused,
        // they are made one by one.
        let _ = unsafe { madvise(start.add(skipped).cast(), length, Advice::LinuxHugepage) };
    }
}

// SAFETY: which of the two a block is from is told by its layout, which does not change. Both hand out memory that
// nobody else has, aligned as the layout says, until it is given back. Nothing in here unwinds, or allocates.
unsafe impl GlobalAlloc for Allocator {
    #[inline]
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        if is_large(layout) {
            let length = length_of(layout.size());
            return start_of(Mapping::kept(length).or_else(|| Mapping::new(length)));
        }
        // SAFETY: the caller's word.
        unsafe { System.alloc(layout) }
    }

    #[inline]
    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        if is_large(layout) {
            return zeroed(layout.size());
        }
        // SAFETY: the caller's word.
        unsafe { System.alloc_zeroed(layout) }
    }

    #[inline]
    unsafe fn dealloc(&self, block: *mut u8, layout: Layout) {
        if is_large(layout) {
            // SAFETY: as its layout shows, the block is a mapping, whole, and nobody uses it any more.
            unsafe { mapping_of(block, layout.size()) }.free();
            return;
        }
        // SAFETY: the caller's word; it is from there, as the layout shows.
        unsafe { System.dealloc(block, layout) }
    }

    #[inline]
    unsafe fn realloc(&self, block: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        // SAFETY: the caller's word: rounded up to the alignment, `size` is none that overflows.
        let new = unsafe { Layout::from_size_align_unchecked(size, layout.align()) };
        match (is_large(layout), is_large(new)) {
            // SAFETY: the caller's word; it is from there, as the layout shows.
            (false, false) => unsafe { System.realloc(block, layout, size) },
            // SAFETY: as its layout shows, the block is a mapping, whole, and its owner's.
            (true, true) => unsafe { resized(mapping_of(block, layout.size()), size) },
            _ => {
                // SAFETY: two blocks that are both there and do not overlap; only what both have is copied; the old one
                // is freed if there is a new one.
                unsafe {
                    let target = self.alloc(new);
                    if !target.is_null() {
                        copy_nonoverlapping(block, target, layout.size().min(size));
                        self.dealloc(block, layout);
                    }
                    target
                }
            }
        }
    }
}

fn start_of(mapping: Option<Mapping>) -> *mut u8 {
    mapping.map_or(null_mut(), |mapping| mapping.start.as_ptr())
}

/// # Safety
/// The block is a mapping for `size` bytes, and the caller's.
unsafe fn mapping_of(block: *mut u8, size: usize) -> Mapping {
    // SAFETY: a mapping is not at null.
    Mapping { start: unsafe { NonNull::new_unchecked(block) }, length: length_of(size) }
}

fn zeroed(size: usize) -> *mut u8 {
    let length = length_of(size);
    let used = if size <= LARGEST_ZEROED { Mapping::kept(length) } else { None };
    let Some(mapping) = used else { return start_of(Mapping::new(length)) };
    // SAFETY: as many bytes are the mapping's, which is ours.
    unsafe { mapping.start.write_bytes(0, size) };
    mapping.start.as_ptr()
}

/// The block with another size. Where a mapping was kept, copying is quicker than new pages; else none are copied.
fn resized(mapping: Mapping, size: usize) -> *mut u8 {
    let length = length_of(size);
    if length == mapping.length {
        return mapping.start.as_ptr();
    }
    let Some(target) = Mapping::kept(length) else { return start_of(mapping.resized(length)) };
    // SAFETY: two mappings that are both ours, with as many bytes.
    unsafe { copy_nonoverlapping(mapping.start.as_ptr(), target.start.as_ptr(), length.min(mapping.length)) };
    mapping.free();
    target.start.as_ptr()
}

#[cfg(test)]
mod tests;
