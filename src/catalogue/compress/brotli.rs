//! Brotli.
//!
//! The encoder gathers input into blocks of up to 256 KiB and those into metablocks of many MiB, and
//! works for hundreds of milliseconds (level 11: seconds) inside one call, which offers no way to stop
//! it. But all of its memory comes from an allocator of ours, and it asks that memory for a slice again
//! and again, thousands of times in a millisecond. So the memory asks [`Context::checkpoint`], and leaves
//! by unwinding; [`caught`] catches that. The same way out serves memory that is not to be had, or that the pool does
//! not allow, which neither the encoder nor the decoder has words for. Nothing is used after that but to be dropped.

use std::ops::{Index, IndexMut, Range};
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};

use brotli::enc::combined_alloc::BrotliAlloc;
use brotli::enc::encode::{BrotliEncoderOperation, BrotliEncoderParameter, BrotliEncoderStateStruct};
use brotli::{Allocator, BrotliDecompressStream, BrotliResult, BrotliState, SliceWrapper, SliceWrapperMut};

use super::{Coder, Context, Failure, Memory, Step, corrupt, out_of_memory, truncated};

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
    pub(super) fn new(level: u32, context: &'a Context<'a>) -> Result<Self, Failure> {
        let mut encoder = caught(|| BrotliEncoderStateStruct::new(Watched { context, stops: true }))?;
        encoder.set_parameter(BrotliEncoderParameter::BROTLI_PARAM_QUALITY, level);
        encoder.set_parameter(BrotliEncoderParameter::BROTLI_PARAM_LGWIN, WINDOW_BITS);
        let metablock = if level < SLOW_LEVEL { usize::MAX } else { SLOW_METABLOCK };
        Ok(Self { encoder, metablock, filled: 0 })
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
        let fine = caught(encode)?;
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

    /// Its allocator asks.
    fn memory(&self) -> usize {
        0
    }
}

/// Calls a coder, and catches the failure with which its memory leaves.
fn caught<R>(call: impl FnOnce() -> R) -> Result<R, Failure> {
    // Unwind safety: after a failure the coder is only dropped.
    catch_unwind(AssertUnwindSafe(call))
        .map_err(|payload| *payload.downcast::<Failure>().unwrap_or_else(|panic| resume_unwind(panic)))
}

/// Allocates [`Cells`].
#[derive(Clone, Copy)]
struct Watched<'a> {
    context: &'a Context<'a>,
    /// Whether the memory asks if it is to stop.
    stops: bool,
}

/// Memory that is counted, and may ask whether to stop whenever it is looked at.
struct Cells<'a, T> {
    cells: Vec<T>,
    /// Whom it asks.
    context: Option<&'a Context<'a>>,
    /// After the cells, which are freed first.
    _memory: Option<Memory<'a>>,
}

impl<T> Cells<'_, T> {
    #[inline]
    fn checkpoint(&self) {
        if let Some(Err(failure)) = self.context.map(Context::checkpoint) {
            leave(failure);
        }
    }
}

/// Unwinds to [`caught`]. Quietly: it is no panic, and must not look like one on stderr.
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
            resume_unwind(Box::new(out_of_memory("a brotli coder")));
        }
        let memory = self.context.memory(length.saturating_mul(size_of::<T>()));
        let memory = memory.unwrap_or_else(|failure| resume_unwind(Box::new(failure)));
        let cells = vec![T::default(); length];
        Cells { cells, context: self.stops.then_some(self.context), _memory: Some(memory) }
    }

    fn free_cell(&mut self, _cells: Cells<'a, T>) {}
}

impl<T> Default for Cells<'_, T> {
    fn default() -> Self {
        Self { cells: Vec::new(), context: None, _memory: None }
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
pub(super) struct Decompressor<'a> {
    state: Box<BrotliState<Watched<'a>, Watched<'a>, Watched<'a>>>,
    complete: bool,
}

impl<'a> Decompressor<'a> {
    /// Strict: a window of at most 16 MiB, as RFC 7932 has it and node:zlib demands.
    pub(super) fn new(context: &'a Context<'a>) -> Result<Self, Failure> {
        let alloc = Watched { context, stops: false };
        let state = caught(|| Box::new(BrotliState::new_strict(alloc, alloc, alloc)))?;
        Ok(Self { state, complete: false })
    }
}

impl Coder for Decompressor<'_> {
    fn step(&mut self, input: &[u8], output: &mut [u8], last: bool) -> Result<Step, Failure> {
        if self.complete {
            return Ok(Step { read: input.len(), written: 0, done: true });
        }
        let (mut read, mut written) = (0, 0);
        let decode = || {
            BrotliDecompressStream(
                &mut input.len(),
                &mut read,
                input,
                &mut output.len(),
                &mut written,
                output,
                &mut 0,
                &mut self.state,
            )
        };
        let result = caught(decode)?;
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

    /// Its allocator asks.
    fn memory(&self) -> usize {
        0
    }
}
