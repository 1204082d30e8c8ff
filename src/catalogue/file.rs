//! Files that a task reads, which may be pipes and devices, too: waiting for those can be cancelled.

use std::fs::{File, OpenOptions};
use std::io::{self, Read};
use std::path::Path;

use super::{Context, Failure};

/// How long to wait for a pipe before the task's flag is looked at again. Short enough for a stop to be
/// noticed within 20 ms.
#[cfg(unix)]
const PATIENCE: rustix::time::Timespec = rustix::time::Timespec { tv_sec: 0, tv_nsec: 10_000_000 };

/// An open file.
pub(super) struct Source<'a> {
    file: File,
    path: &'a Path,
    /// Reading may have to wait for somebody to write.
    waits: bool,
}

impl<'a> Source<'a> {
    /// Opens a file without waiting for anybody to write to it.
    ///
    /// # Errors
    /// The operating system's.
    pub(super) fn open(path: &'a Path) -> Result<Self, Failure> {
        let mut options = OpenOptions::new();
        options.read(true);
        #[cfg(unix)]
        {
            use std::os::unix::fs::OpenOptionsExt;
            options.custom_flags(rustix::fs::OFlags::NONBLOCK.bits() as i32);
        }
        let file = options.open(path).map_err(|error| failure("open", path, &error))?;
        let kind = file.metadata().map_err(|error| failure("fstat", path, &error))?.file_type();
        Ok(Self { file, path, waits: !kind.is_file() && !kind.is_dir() })
    }

    /// Reads what is there into `buffer`; 0 bytes mean the end.
    ///
    /// # Errors
    /// The operating system's, or [`Failure::Cancelled`].
    pub(super) fn read(&mut self, buffer: &mut [u8], context: &Context<'_>) -> Result<usize, Failure> {
        loop {
            context.checkpoint()?;
            if self.waits && !self.is_ready() {
                continue;
            }
            match self.file.read(buffer) {
                Err(error)
                    if matches!(error.kind(), io::ErrorKind::Interrupted | io::ErrorKind::WouldBlock) => {}
                result => return result.map_err(|error| failure("read", self.path, &error)),
            }
        }
    }

    /// Whether there is something to read, or the end; waits a moment for it.
    #[cfg(unix)]
    fn is_ready(&self) -> bool {
        use rustix::event::{PollFd, PollFlags, poll};
        let mut watched = [PollFd::new(&self.file, PollFlags::IN)];
        // An error shows when the file is read.
        poll(&mut watched, Some(&PATIENCE)).map_or(true, |ready| ready > 0)
    }

    #[cfg(not(unix))]
    fn is_ready(&self) -> bool {
        true
    }
}

/// A failure with the code that node:fs would use, and the words it would, or the system's own.
fn failure(call: &str, path: &Path, error: &io::Error) -> Failure {
    let path = path.display();
    let (code, words) = match code_of(error) {
        Some((code, words)) => (code, words.to_owned()),
        None => ("EIO", error.to_string()),
    };
    Failure::new(code, format!("{code}: {words}, {call} '{path}'"))
}

#[cfg(unix)]
fn code_of(error: &io::Error) -> Option<(&'static str, &'static str)> {
    use rustix::io::Errno;
    Some(match Errno::from_io_error(error)? {
        Errno::NOENT => ("ENOENT", "no such file or directory"),
        Errno::ACCESS => ("EACCES", "permission denied"),
        Errno::PERM => ("EPERM", "operation not permitted"),
        Errno::ISDIR => ("EISDIR", "illegal operation on a directory"),
        Errno::NOTDIR => ("ENOTDIR", "not a directory"),
        Errno::NAMETOOLONG => ("ENAMETOOLONG", "name too long"),
        Errno::LOOP => ("ELOOP", "too many symbolic links encountered"),
        Errno::MFILE => ("EMFILE", "too many open files"),
        Errno::NFILE => ("ENFILE", "file table overflow"),
        Errno::NXIO => ("ENXIO", "no such device or address"),
        Errno::BUSY => ("EBUSY", "resource busy or locked"),
        _ => return None,
    })
}

#[cfg(not(unix))]
fn code_of(error: &io::Error) -> Option<(&'static str, &'static str)> {
    Some(match error.kind() {
        io::ErrorKind::NotFound => ("ENOENT", "no such file or directory"),
        io::ErrorKind::PermissionDenied => ("EACCES", "permission denied"),
        io::ErrorKind::IsADirectory => ("EISDIR", "illegal operation on a directory"),
        io::ErrorKind::NotADirectory => ("ENOTDIR", "not a directory"),
        _ => return None,
    })
}

#[cfg(all(test, unix, not(feature = "model")))]
mod tests {
    use std::sync::mpsc;
    use std::thread;
    use std::time::Duration;

    use super::super::StopToken;
    use super::*;

    #[test]
    fn the_codes_are_those_of_node() {
        let cancelled = StopToken::default();
        let context = Context::new(&cancelled, 1);
        let long = "x".repeat(400);
        for (path, code) in [
            ("/there/is/no/such/file", "ENOENT"),
            (long.as_str(), "ENAMETOOLONG"),
            ("/dev/null/file", "ENOTDIR"),
            ("/", "EISDIR"),
        ] {
            let read = |mut source: Source<'_>| source.read(&mut [0; 8], &context);
            match Source::open(Path::new(path)).and_then(read) {
                Err(Failure::Error { code: received, .. }) => assert_eq!(received, code, "{path}"),
                other => panic!("{path}: {other:?}"),
            }
        }
    }

    #[test]
    fn a_pipe_that_nobody_writes_to_can_be_given_up() {
        let path = std::env::temp_dir().join(format!("threadmill-pipe-{}", std::process::id()));
        let mode = rustix::fs::Mode::RUSR | rustix::fs::Mode::WUSR;
        rustix::fs::mknodat(rustix::fs::CWD, &path, rustix::fs::FileType::Fifo, mode, 0).expect("a pipe");
        let cancelled = StopToken::default();
        let (sender, receiver) = mpsc::channel();
        thread::scope(|scope| {
            scope.spawn(|| {
                let context = Context::new(&cancelled, 1);
                let result = Source::open(&path).and_then(|mut pipe| pipe.read(&mut [0; 8], &context));
                sender.send(result).expect("somebody listens");
            });
            assert!(receiver.recv_timeout(Duration::from_millis(50)).is_err(), "it waits for a writer");
            cancelled.stop(1);
            assert_eq!(receiver.recv_timeout(Duration::from_secs(5)), Ok(Err(Failure::Cancelled)));
        });
        std::fs::remove_file(&path).expect("it is there");
    }
}
