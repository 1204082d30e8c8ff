//! The bytes a task works on, wherever they are, read in chunks.

use std::path::PathBuf;

use super::file::Source;
use super::{Context, Errors, Failure};

/// Small enough that a stop is noticed within a few milliseconds by the slowest algorithm, large
/// enough that the check costs nothing.
const CHUNK: usize = 128 * 1024;

/// What may be wrong with the bytes, for the declarations of those who take some.
pub const DATA_ERRORS: Errors = &[
    ("ENOENT", "There is no such file."),
    ("EACCES", "The file must not be read."),
    ("EISDIR", "The path is that of a directory."),
    ("ERR_OUT_OF_MEMORY", "There is not enough memory, or the pool's `nativeMemory` allows no more."),
];

/// The bytes of one option.
pub enum Data<'a> {
    /// In memory.
    Bytes(&'a [u8]),
    /// A string's UTF-8.
    Text(String),
    /// A file, read as it is needed.
    File(PathBuf),
}

impl Data<'_> {
    /// Calls `work` with every chunk in order, asking `context` before each. A file is never held whole.
    ///
    /// # Errors
    /// What `work` returns, [`Failure::Cancelled`], or the operating system's code for a file.
    pub fn for_each_chunk(
        &self,
        context: &Context<'_>,
        mut work: impl FnMut(&[u8]) -> Result<(), Failure>,
    ) -> Result<(), Failure> {
        let bytes = match self {
            Data::Bytes(bytes) => bytes,
            Data::Text(text) => text.as_bytes(),
            Data::File(path) => {
                let mut file = Source::open(path)?;
                let mut buffer = vec![0; CHUNK];
                loop {
                    match file.read(&mut buffer, context)? {
                        0 => return Ok(()),
                        length => work(&buffer[..length])?,
                    }
                }
            }
        };
        for chunk in bytes.chunks(CHUNK) {
            context.checkpoint()?;
            work(chunk)?;
        }
        Ok(())
    }
}

#[cfg(all(test, not(feature = "model")))]
mod tests {
    use super::super::StopToken;
    use super::*;

    fn read(data: &Data<'_>) -> Result<(Vec<u8>, usize), Failure> {
        let cancelled = StopToken::default();
        let (mut bytes, mut chunks) = (Vec::new(), 0);
        data.for_each_chunk(&Context::new(&cancelled, 1), |chunk| {
            assert!(!chunk.is_empty() && chunk.len() <= CHUNK);
            bytes.extend_from_slice(chunk);
            chunks += 1;
            Ok(())
        })?;
        Ok((bytes, chunks))
    }

    /// A file of its own for a test, removed when the test is over.
    struct Temporary(PathBuf);

    impl Temporary {
        fn new(name: &str, content: &[u8]) -> Self {
            let path = std::env::temp_dir().join(format!("threadmill-{}-{name}", std::process::id()));
            std::fs::write(&path, content).expect("a writable directory for temporary files");
            Self(path)
        }
    }

    impl Drop for Temporary {
        fn drop(&mut self) {
            let _ = std::fs::remove_file(&self.0);
        }
    }

    #[test]
    fn memory_comes_whole_and_in_order_in_chunks() {
        for (length, chunks) in [(0, 0), (1, 1), (CHUNK, 1), (CHUNK + 1, 2), (3 * CHUNK, 3)] {
            let bytes = super::super::testing::pattern(length);
            assert_eq!(read(&Data::Bytes(&bytes)), Ok((bytes.clone(), chunks)));
        }
    }

    #[test]
    fn a_string_comes_as_its_utf8() {
        assert_eq!(read(&Data::Text("ä€".into())), Ok(("ä€".as_bytes().to_vec(), 1)));
    }

    #[test]
    fn a_file_comes_whole_and_in_order() {
        for (name, length) in [("empty", 0), ("small", 10), ("large", 2 * CHUNK + 7)] {
            let bytes = super::super::testing::pattern(length);
            let file = Temporary::new(name, &bytes);
            assert_eq!(read(&Data::File(file.0.clone())).map(|(read, _)| read), Ok(bytes), "{name}");
        }
    }

    #[test]
    fn a_missing_file_is_named_as_node_fs_would() {
        let failure = read(&Data::File("/no/such/file".into()));
        let message = "ENOENT: no such file or directory, open '/no/such/file'";
        assert_eq!(failure, Err(Failure::new("ENOENT", message)));
    }

    #[cfg(unix)]
    #[test]
    fn a_directory_is_no_file() {
        let message = "EISDIR: illegal operation on a directory, read '/'";
        assert_eq!(read(&Data::File("/".into())), Err(Failure::new("EISDIR", message)));
    }

    #[cfg(unix)]
    #[test]
    fn a_file_is_no_directory() {
        let file = Temporary::new("plain", b"");
        let path = file.0.join("inner");
        let message = format!("ENOTDIR: not a directory, open '{}'", path.display());
        assert_eq!(read(&Data::File(path)), Err(Failure::new("ENOTDIR", message)));
    }

    #[test]
    fn a_cancelled_task_is_not_given_another_chunk() {
        let bytes = vec![0; 3 * CHUNK];
        let file = Temporary::new("cancelled", &bytes);
        for data in [Data::Bytes(&bytes), Data::File(file.0.clone())] {
            let cancelled = StopToken::default();
            let mut chunks = 0;
            let result = data.for_each_chunk(&Context::new(&cancelled, 1), |_| {
                chunks += 1;
                cancelled.stop(1);
                Ok(())
            });
            assert_eq!((result, chunks), (Err(Failure::Cancelled), 1));
        }
    }

    #[test]
    fn a_failure_of_the_work_ends_the_reading() {
        let cancelled = StopToken::default();
        let result = Data::Bytes(b"abc")
            .for_each_chunk(&Context::new(&cancelled, 1), |_| Err(Failure::new("ERR_ANY", "Any.")));
        assert_eq!(result, Err(Failure::new("ERR_ANY", "Any.")));
    }
}
