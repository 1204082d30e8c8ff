//! Brotli.
//!
//! The encoder gathers input into blocks of up to 256 KiB and those into metablocks of many MiB, and
//! works for hundreds of milliseconds (level 11: seconds) inside one call, which offers no way to stop
//! it. But all of its memory comes from an allocator of ours, and it asks that memory for a slice again
//! and again, thousands of times in a millisecond. So the memory asks [`Context::checkpoint`], and leaves
//! by unwinding; [`Compressor::step`] catches that. The same way out serves memory that is not to be had,
//! which the encoder has no words for either. Nothing is used after that but to be dropped.

use std::ops::{Index, IndexMut, Range};
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};

use brotli::enc::StandardAlloc;
use brotli::enc::combined_alloc::BrotliAlloc;
use brotli::enc::encode::{BrotliEncoderOperation, BrotliEncoderParameter, BrotliEncoderStateStruct};
use brotli::{Allocator, BrotliDecompressStream, BrotliResult, BrotliState, SliceWrapper, SliceWrapperMut};

use super::{Coder, Context, Failure, Step, corrupt, out_of_memory, truncated};

/// 4 MiB, as node:zlib has it.
const WINDOW_BITS: u32 = 22;

/// From this level on, what the encoder does at the end of a metablock, between two slices, grows with
/// the metablock...
const SLOW_LEVEL: u32 = 10;

/// ...so that one ends after this many bytes, which take about 10 ms. The output grows by less than 1 %.
const SLOW_METABLOCK: usize = 256 * 1024;

/// Writes one stream.
pub(super) struct Compressor<'a> {
    encoder: BrotliEncoderStateStruct<Watched<'a>>,
    /// Input after which a metablock ends, and how much of it has come.
    metablock: usize,
    filled: usize,
}

impl<'a> Compressor<'a> {
    pub(super) fn new(level: u32, context: &'a Context<'a>) -> Self {
        let mut encoder = BrotliEncoderStateStruct::new(Watched(context));
        encoder.set_parameter(BrotliEncoderParameter::BROTLI_PARAM_QUALITY, level);
        encoder.set_parameter(BrotliEncoderParameter::BROTLI_PARAM_LGWIN, WINDOW_BITS);
        let metablock = if level < SLOW_LEVEL { usize::MAX } else { SLOW_METABLOCK };
        Self { encoder, metablock, filled: 0 }
    }
}

impl Coder for Compressor<'_> {
    fn step(&mut self, input: &[u8], output: &mut [u8], last: bool) -> Result<Step, Failure> {
        let operation = match last {
            true => BrotliEncoderOperation::BROTLI_OPERATION_FINISH,
            false if self.filled + input.len() < self.metablock => {
                BrotliEncoderOperation::BROTLI_OPERATION_PROCESS
            }
            false => BrotliEncoderOperation::BROTLI_OPERATION_FLUSH,
        };
        let (mut read, mut written) = (0, 0);
        let encode = || {
            self.encoder.compress_stream(
                operation,
                &mut input.len(),
                input,
                &mut read,
                &mut output.len(),
                output,
                &mut written,
                &mut None,
                &mut |_, _, _, _| (),
            )
        };
        // Unwind safety: after a failure the encoder is only dropped.
        let fine = catch_unwind(AssertUnwindSafe(encode))
            .map_err(|payload| *payload.downcast::<Failure>().unwrap_or_else(|panic| resume_unwind(panic)))?;
        assert!(fine, "an encoder that was asked in order");
        self.filled += read;
        let done = match last {
            true => self.encoder.is_finished(),
            false => read == input.len() && !self.encoder.has_more_output(),
        };
        if done && self.filled >= self.metablock {
            self.filled = 0;
        }
        Ok(Step { read, written, done })
    }
}

/// Allocates [`Cells`].
struct Watched<'a>(&'a Context<'a>);

/// Memory that asks whether to stop whenever it is looked at.
struct Cells<'a, T> {
    cells: Vec<T>,
    context: Option<&'a Context<'a>>,
}

impl<T> Cells<'_, T> {
    #[inline]
    fn checkpoint(&self) {
        if let Some(Err(failure)) = self.context.map(Context::checkpoint) {
            leave(failure);
        }
    }
}

/// Unwinds to [`Compressor::step`]. Quietly: it is no panic, and must not look like one on stderr.
#[cold]
fn leave(failure: Failure) {
    // A destructor that looks at memory on the way must not unwind again.
    if !std::thread::panicking() {
        resume_unwind(Box::new(failure));
    }
}

impl BrotliAlloc for Watched<'_> {}

impl<'a, T: Clone + Default> Allocator<T> for Watched<'a> {
    type AllocatedMemory = Cells<'a, T>;

    fn alloc_cell(&mut self, length: usize) -> Cells<'a, T> {
        // `vec!` takes memory that the system has zeroed, and so never touches the 32 MiB of level 11
        // for a few bytes of input; but it aborts if there is none. Hence the question beforehand.
        if Vec::<T>::new().try_reserve_exact(length).is_err() {
            resume_unwind(Box::new(out_of_memory("a brotli compressor")));
        }
        let cells = vec![T::default(); length];
        Cells { cells, context: Some(self.0) }
    }

    fn free_cell(&mut self, _cells: Cells<'a, T>) {}
}

impl<T> Default for Cells<'_, T> {
    fn default() -> Self {
        Self { cells: Vec::new(), context: None }
    }
}

impl<T> SliceWrapper<T> for Cells<'_, T> {
    #[inline]
    fn slice(&self) -> &[T] {
        self.checkpoint();
        &self.cells
    }
}

impl<T> SliceWrapperMut<T> for Cells<'_, T> {
    #[inline]
    fn slice_mut(&mut self) -> &mut [T] {
        self.checkpoint();
        &mut self.cells
    }
}

impl<T> Index<usize> for Cells<'_, T> {
    type Output = T;

    #[inline]
    fn index(&self, index: usize) -> &T {
        &self.cells[index]
    }
}

impl<T> IndexMut<usize> for Cells<'_, T> {
    #[inline]
    fn index_mut(&mut self, index: usize) -> &mut T {
        &mut self.cells[index]
    }
}

impl<T> Index<Range<usize>> for Cells<'_, T> {
    type Output = [T];

    #[inline]
    fn index(&self, range: Range<usize>) -> &[T] {
        &self.cells[range]
    }
}

impl<T> IndexMut<Range<usize>> for Cells<'_, T> {
    #[inline]
    fn index_mut(&mut self, range: Range<usize>) -> &mut [T] {
        &mut self.cells[range]
    }
}

/// Reads one stream; what follows it is ignored.
pub(super) struct Decompressor {
    state: Box<BrotliState<StandardAlloc, StandardAlloc, StandardAlloc>>,
    complete: bool,
}

impl Decompressor {
    /// Strict: a window of at most 16 MiB, as RFC 7932 has it and node:zlib demands.
    pub(super) fn new() -> Self {
        let alloc = StandardAlloc::default();
        Self { state: Box::new(BrotliState::new_strict(alloc, alloc, alloc)), complete: false }
    }
}

impl Coder for Decompressor {
    fn step(&mut self, input: &[u8], output: &mut [u8], last: bool) -> Result<Step, Failure> {
        if self.complete {
            return Ok(Step { read: input.len(), written: 0, done: true });
        }
        let (mut read, mut written) = (0, 0);
        let result = BrotliDecompressStream(
            &mut input.len(),
            &mut read,
            input,
            &mut output.len(),
            &mut written,
            output,
            &mut 0,
            &mut self.state,
        );
        let done = match result {
            BrotliResult::NeedsMoreOutput => false,
            BrotliResult::NeedsMoreInput if last => return Err(truncated("brotli")),
            BrotliResult::NeedsMoreInput => true,
            BrotliResult::ResultSuccess => {
                self.complete = true;
                true
            }
            BrotliResult::ResultFailure => {
                // BROTLI_DECODER_ERROR_FORMAT_PADDING_1 is "format padding 1".
                let name = format!("{:?}", self.state.error_code).replace('_', " ").to_lowercase();
                return Err(corrupt("brotli", name.trim_start_matches("brotli decoder error ")));
            }
        };
        Ok(Step { read, written, done })
    }
}
