//! Zstandard.
//!
//! It takes its tables and windows in the middle of a step, and up to 700 MB of them. So the memory is asked for before,
//! by the estimates that zstd makes itself, and then corrected to what it has taken.

use std::fs;
use std::mem::MaybeUninit;

use zstd::zstd_safe::zstd_sys::{self as sys, ZSTD_EndDirective as Directive};
use zstd::zstd_safe::{CCtx, CParameter, DCtx, ErrorCode, InBuffer, OutBuffer, get_error_name};

use super::{Coder, Context, Data, Failure, Memory, Step, corrupt, out_of_memory, truncated};

/// From this level on, a block of the usual 128 KiB takes longer than a stop may wait...
const SLOW_LEVEL: u32 = 13;

/// ...so that a block ends after this many bytes. The output grows by less than 1 %.
const SLOW_BLOCK: usize = 32 * 1024;

/// Writes one frame.
pub(super) struct Compressor<'a> {
    coder: CCtx<'static>,
    /// Of the coder, which is freed first.
    memory: Memory<'a>,
    /// Input after which a block ends, and how much of it has come.
    block: usize,
    filled: usize,
}

impl<'a> Compressor<'a> {
    /// The size of `data`, where it is known, goes into the frame and spares tables that are larger than
    /// the data needs. For much data, level 19 has 90 MB of them and level 22 has 700 MB; zstd fills them
    /// in the first step, which a stop has to wait for.
    pub(super) fn new(level: u32, data: &Data<'_>, context: &'a Context<'a>) -> Result<Self, Failure> {
        let mut coder = CCtx::try_create().ok_or_else(|| out_of_memory("a zstd compressor"))?;
        let set = |result: Result<usize, ErrorCode>| result.map_err(|code| failure(code, "compressor"));
        set(coder.set_parameter(CParameter::CompressionLevel(level as i32)))?;
        let mut window = None;
        let size = match data {
            Data::Bytes(bytes) => Some(bytes.len()),
            Data::Text(text) => Some(text.len()),
            // A file may grow while it is read, which a size that was promised does not allow. A window
            // that is too small only compresses less. The three levels' own windows are the upper bound.
            Data::File(path) => {
                let size = fs::metadata(path).map_or(0, |file| file.len());
                if level >= 20 && size > 0 {
                    let bits = size.next_power_of_two().ilog2().clamp(10, level + 5);
                    set(coder.set_parameter(CParameter::WindowLog(bits)))?;
                    window = Some(bits);
                }
                None
            }
        };
        set(coder.set_pledged_src_size(size.map(|size| size as u64)))?;
        let block = if level < SLOW_LEVEL { usize::MAX } else { SLOW_BLOCK };
        let memory = context.memory(compressor_memory(level, size, window))?;
        Ok(Self { coder, memory, block, filled: 0 })
    }
}

/// What a compressor takes at most, by zstd's own estimate for data of this size, of any if it is not known, and for a
/// window of so many bits instead of the level's.
fn compressor_memory(level: u32, size: Option<usize>, window: Option<u32>) -> usize {
    // To zstd, 0 is a size that is not known.
    let size = size.map_or(0, |size| size.max(1) as u64);
    // SAFETY: three functions of numbers alone.
    unsafe {
        let mut parameters = sys::ZSTD_getCParams(level as i32, size, 0);
        if let Some(bits) = window {
            parameters.windowLog = bits;
            parameters = sys::ZSTD_adjustCParams(parameters, size, 0);
        }
        sys::ZSTD_estimateCStreamSize_usingCParams(parameters)
    }
}

impl Coder for Compressor<'_> {
    fn step(&mut self, input: &[u8], output: &mut [u8], last: bool) -> Result<Step, Failure> {
        let directive = match last {
            true => Directive::ZSTD_e_end,
            false if self.filled + input.len() < self.block => Directive::ZSTD_e_continue,
            false => Directive::ZSTD_e_flush,
        };
        let (mut from, mut to) = (InBuffer::around(input), OutBuffer::around(output));
        let pending = self.coder.compress_stream2(&mut to, &mut from, directive);
        let pending = pending.map_err(|code| failure(code, "compressor"))?;
        let (read, written) = (from.pos(), to.pos());
        self.memory.resize(self.coder.sizeof())?;
        self.filled += read;
        let done = match directive {
            Directive::ZSTD_e_continue => read == input.len() && written < output.len(),
            _ => pending == 0,
        };
        if done && directive == Directive::ZSTD_e_flush {
            self.filled = 0;
        }
        Ok(Step { read, written, done })
    }

    /// It has asked.
    fn memory(&self) -> usize {
        0
    }
}

/// Reads one frame after another.
pub(super) struct Decompressor<'a> {
    coder: DCtx<'static>,
    /// Of the coder, which is freed first.
    memory: Memory<'a>,
    place: Place,
    /// The first bytes of a frame whose header has come in pieces, as long as it is not whole.
    header: Vec<u8>,
}

/// Where in its input a decompressor is.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Place {
    /// Where a frame has to begin.
    Start,
    Within,
    /// After a frame, where another may begin.
    Between,
}

impl<'a> Decompressor<'a> {
    pub(super) fn new(context: &'a Context<'a>) -> Result<Self, Failure> {
        let coder = DCtx::try_create().ok_or_else(|| out_of_memory("a zstd decompressor"))?;
        let memory = context.memory(coder.sizeof())?;
        Ok(Self { coder, memory, place: Place::Start, header: Vec::new() })
    }

    /// Asks for what the frame takes that begins here. Answers how much of `input` has been put aside, if that is not
    /// the whole header.
    fn begin(&mut self, input: &[u8]) -> Result<Option<usize>, Failure> {
        let mut aside = 0;
        let needed = loop {
            let start = if self.header.is_empty() { input } else { &self.header };
            match decompressor_memory(start) {
                Ok(needed) => break needed,
                Err(_) if aside == input.len() => return Ok(Some(aside)),
                Err(length) => {
                    let more = (length - self.header.len()).min(input.len() - aside);
                    self.header.extend_from_slice(&input[aside..aside + more]);
                    aside += more;
                }
            }
        };
        // It may have taken as much for an earlier frame.
        self.memory.resize(needed.max(self.coder.sizeof()))?;
        self.place = Place::Within;
        Ok(Some(aside).filter(|aside| *aside > 0))
    }

    /// Has zstd read from the start of `input`. Answers how much it has read and written.
    fn read(&mut self, input: &[u8], output: &mut [u8]) -> Result<(usize, usize), Failure> {
        let (mut from, mut to) = (InBuffer::around(input), OutBuffer::around(output));
        let wanted = self.coder.decompress_stream(&mut to, &mut from);
        let wanted = wanted.map_err(|code| failure(code, "decompressor"))?;
        self.memory.resize(self.coder.sizeof())?;
        self.place = if wanted == 0 { Place::Between } else { Place::Within };
        Ok((from.pos(), to.pos()))
    }
}

/// What a decompressor takes at most for the frame that begins with `header`: by its window or, where that is less, by
/// its size. As an error, how long the header is, at least, if it is not whole.
fn decompressor_memory(header: &[u8]) -> Result<usize, usize> {
    /// Refused beyond this. With the next two: `ZSTD_MAXWINDOWSIZE_DEFAULT`, `ZSTD_WINDOWLOG_ABSOLUTEMIN` and
    /// `ZSTD_BLOCKSIZE_MAX` of zstd 1.5.
    const LARGEST_WINDOW: u64 = (1 << 27) + 1;
    const SMALLEST_WINDOW: u64 = 1 << 10;
    const BLOCK: u64 = 1 << 17;
    let mut fields = MaybeUninit::uninit();
    // SAFETY: pointer and length are those of one live slice; it writes no more than the fields. The second is a
    // function of a number.
    let (answer, is_error) = unsafe {
        let answer = sys::ZSTD_getFrameHeader(fields.as_mut_ptr(), header.as_ptr().cast(), header.len());
        (answer, sys::ZSTD_isError(answer) != 0)
    };
    if is_error {
        return Ok(0); // zstd will say so
    }
    if answer > 0 {
        return Err(answer);
    }
    // SAFETY: with the answer 0, zstd has filled it.
    let fields = unsafe { fields.assume_init() };
    if fields.frameType != sys::ZSTD_FrameType_e::ZSTD_frame || fields.windowSize > LARGEST_WINDOW {
        return Ok(0); // it is skipped, or refused
    }
    let window = fields.windowSize.max(SMALLEST_WINDOW);
    // SAFETY: two functions of numbers alone.
    let (own, buffer) = unsafe {
        (sys::ZSTD_estimateDCtxSize(), sys::ZSTD_decodingBufferSize_min(window, fields.frameContentSize))
    };
    Ok(own + buffer + window.min(BLOCK) as usize)
}

impl Coder for Decompressor<'_> {
    fn step(&mut self, input: &[u8], output: &mut [u8], last: bool) -> Result<Step, Failure> {
        // Asked without input after a frame, zstd would begin to wait for another.
        if self.place == Place::Between && input.is_empty() && self.header.is_empty() {
            return Ok(Step { read: 0, written: 0, done: true });
        }
        if self.place != Place::Within
            && let Some(aside) = self.begin(input)?
        {
            if self.place != Place::Within {
                return if last {
                    Err(truncated("zstd"))
                } else {
                    Ok(Step { read: aside, written: 0, done: true })
                };
            }
            let header = std::mem::take(&mut self.header);
            let (_, written) = self.read(&header, output)?;
            return Ok(Step { read: aside, written, done: false });
        }
        let (read, written) = self.read(input, output)?;
        let starved = read == input.len() && written < output.len();
        if starved && last && self.place != Place::Between {
            return Err(truncated("zstd"));
        }
        Ok(Step { read, written, done: starved })
    }

    /// It has asked.
    fn memory(&self) -> usize {
        0
    }
}

/// zstd's error `code`, met by a compressor or a decompressor.
fn failure(code: ErrorCode, who: &str) -> Failure {
    match get_error_name(code) {
        "Allocation error : not enough memory" => out_of_memory(&format!("a zstd {who}")),
        "Frame requires too much memory for decoding" => Failure::new(
            "ERR_OUT_OF_MEMORY",
            "The zstd data needs a window of more than 128 MiB to decompress, which is refused.",
        ),
        name => corrupt("zstd", &lower_first(name)),
    }
}

fn lower_first(sentence: &str) -> String {
    let mut characters = sentence.chars();
    characters.next().map_or_else(String::new, |first| first.to_lowercase().chain(characters).collect())
}

#[cfg(all(test, not(feature = "model")))]
mod tests;
