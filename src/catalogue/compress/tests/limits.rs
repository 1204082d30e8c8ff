//! How large an output, and how much memory, both tasks may have.

use super::*;

#[test]
fn a_bomb_is_cut_off_at_max_output_length() {
    const SIZE: usize = 8 << 20;
    for algorithm in NAMES {
        let bomb = compress(algorithm, &vec![0; SIZE]);
        assert!(bomb.len() < SIZE / 500, "{algorithm}: {}", bomb.len());
        let decompress =
            |limit| run("decompress", json!({ "algorithm": algorithm, "maxOutputLength": limit }), &bomb);
        for limit in [1, 65_536, SIZE - 1] {
            let message =
                format!("The output of 'decompress' is larger than maxOutputLength, {limit} bytes.");
            assert_eq!(decompress(limit), Err(Failure::new("ERR_BUFFER_TOO_LARGE", message)), "{algorithm}");
        }
        assert_eq!(bytes(decompress(SIZE)).len(), SIZE, "{algorithm}");
    }
}

#[test]
fn no_output_is_larger_than_can_be_handed_over() {
    const LARGEST: usize = 100_000;
    for algorithm in NAMES {
        let decompress = |length: usize, limit: Option<usize>| {
            let (token, budget) = (StopToken::default(), Budget::new(u64::MAX).with_largest_output(LARGEST));
            let mut options = json!({ "data": { "attachment": 0 }, "algorithm": algorithm });
            if let Some(limit) = limit {
                options["maxOutputLength"] = limit.into();
            }
            let context = Context::new(&token, 1).with_budget(&budget);
            run_in("decompress", &options, &[&compress(algorithm, &vec![0; length])], &context)
        };
        for limit in [None, Some(LARGEST), Some(LARGEST + 1)] {
            assert_eq!(bytes(decompress(LARGEST, limit)).len(), LARGEST, "{algorithm}");
            let (code, sentence) = error(decompress(LARGEST + 1, limit));
            assert_eq!(code, "ERR_BUFFER_TOO_LARGE", "{algorithm}");
            assert!(sentence.contains("100000 bytes, the most that a Buffer can have"), "{sentence}");
        }
    }
}

#[test]
fn compressed_output_obeys_max_output_length_too() {
    for algorithm in NAMES {
        let length = compress(algorithm, TEXT.as_bytes()).len();
        let compress = |limit| {
            run("compress", json!({ "algorithm": algorithm, "maxOutputLength": limit }), TEXT.as_bytes())
        };
        assert_eq!(bytes(compress(length)).len(), length, "{algorithm}");
        assert_eq!(error(compress(length - 1)).0, "ERR_BUFFER_TOO_LARGE", "{algorithm}");
    }
    for limit in [json!(0), json!(-1), json!(1.5), json!(9_007_199_254_740_992_u64)] {
        assert_eq!(error(run("compress", json!({ "maxOutputLength": limit }), b"")).0, "ERR_OUT_OF_RANGE");
    }
    assert!(run("compress", json!({ "maxOutputLength": MAX_SAFE_INTEGER }), b"").is_ok());
}

#[test]
fn a_window_that_would_take_too_much_memory_is_refused() {
    // RFC 8878: a frame with a window of 2^28 bytes, which ends with an empty block.
    let (code, message) = error(decompress("zstd", &unhex("28b52ffd0090010000")));
    assert_eq!(code, "ERR_OUT_OF_MEMORY");
    assert!(message.contains("128 MiB"), "{message}");
    // Brotli's large window is an extension that RFC 7932 does not know.
    assert_eq!(error(decompress("brotli", &unhex("111a030e"))).0, "ERR_CORRUPT_DATA");
}

/// Runs a task with so much memory. Whatever comes of it, all is given back.
fn run_within(limit: u64, task: &str, options: &serde_json::Value, bytes: &[u8]) -> Result<Output, Failure> {
    let (token, budget) = (StopToken::default(), Budget::new(limit));
    let result = run_in(task, options, &[bytes], &Context::new(&token, 1).with_budget(&budget));
    assert_eq!(budget.held(), 0);
    result
}

#[test]
fn more_memory_than_the_pool_allows_is_refused() {
    const SIZE: usize = 8 << 20;
    for algorithm in NAMES {
        let bomb = compress(algorithm, &vec![0; SIZE]);
        let options = json!({ "data": { "attachment": 0 }, "algorithm": algorithm });
        let decompress = |limit| run_within(limit, "decompress", &options, &bomb);
        for limit in [0, SCRATCH as u64, SIZE as u64] {
            assert_eq!(error(decompress(limit)).0, "ERR_OUT_OF_MEMORY", "{algorithm} in {limit}");
        }
        // Room for the output and 1 MiB. The window of brotli has 4 MiB and that of zstd 2; the others' have 32 KiB.
        let tight = decompress((SIZE + SCRATCH + (1 << 20)) as u64);
        match algorithm {
            "gzip" | "deflate" => assert_eq!(bytes(tight).len(), SIZE, "{algorithm}"),
            _ => assert_eq!(error(tight).0, "ERR_OUT_OF_MEMORY", "{algorithm}"),
        }
        assert_eq!(bytes(decompress(SIZE as u64 * 2)).len(), SIZE, "{algorithm}");
        for limit in [0, SCRATCH as u64] {
            let refused = run_within(limit, "compress", &options, TEXT.as_bytes());
            assert_eq!(error(refused).0, "ERR_OUT_OF_MEMORY", "{algorithm} in {limit}");
        }
    }
}

#[test]
fn a_coder_that_is_too_large_is_refused_whatever_its_output() {
    // A window of 4 MiB, and tables besides.
    let input = vec![0; 16 << 20];
    for (algorithm, level) in [("brotli", 9), ("zstd", 19)] {
        let options = json!({ "data": { "attachment": 0 }, "algorithm": algorithm, "level": level });
        assert_eq!(
            error(run_within(4 << 20, "compress", &options, &input)).0,
            "ERR_OUT_OF_MEMORY",
            "{algorithm}"
        );
        assert!(run_within(256 << 20, "compress", &options, &input).is_ok(), "{algorithm}");
    }
}
