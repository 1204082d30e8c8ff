use super::*;

const SIZES: [usize; 9] =
    [20 << 20, 100, LARGE, LARGE - 1, LARGE + 1, 3 << 20, KEPT, KEPT + 1, 5 * LARGE / 4];

fn layout(size: usize) -> Layout {
    Layout::from_size_align(size, 16).expect("a layout")
}

#[test]
fn bytes_stay_what_they_are_however_a_block_is_resized() {
    let _keeping = Keeping::new();
    for from in SIZES {
        for to in SIZES {
            let mut bytes: Vec<u8> = (0..from).map(|at| (at * 31 + (at >> 8)) as u8).collect();
            let common = bytes[..from.min(to)].to_vec();
            if from < to {
                bytes.reserve_exact(to - from);
                assert_eq!(bytes.capacity(), to);
            } else {
                bytes.truncate(to);
                bytes.shrink_to_fit();
            }
            assert!(bytes[..common.len()] == common, "from {from} to {to}");
        }
    }
}

#[test]
fn zeroed_memory_is_zero_whoever_has_used_it() {
    let _keeping = Keeping::new();
    for size in SIZES {
        drop(vec![0xff_u8; size]);
        assert!(vec![0_u8; size].iter().all(|byte| *byte == 0), "{size}");
    }
}

#[test]
fn blocks_are_aligned() {
    for align in [1, 16, PAGE, 2 * PAGE, 1 << 20] {
        for size in SIZES {
            let layout = Layout::from_size_align(size, align).expect("a layout");
            // SAFETY: the size is not 0, and what is freed was allocated with the same layout.
            unsafe {
                let block = Allocator.alloc(layout);
                assert_eq!(block.align_offset(align), 0);
                block.write_bytes(1, size);
                Allocator.dealloc(block, layout);
            }
        }
    }
}

#[test]
fn memory_that_there_is_not_is_refused() {
    let endless = isize::MAX as usize & !15;
    assert!(Vec::<u8>::new().try_reserve_exact(endless).is_err());
    let mut bytes = vec![7_u8; LARGE];
    assert!(bytes.try_reserve_exact(endless - LARGE).is_err());
    assert!(bytes.iter().all(|byte| *byte == 7), "and what there was stays");
    // SAFETY: the size is not 0.
    assert!(unsafe { Allocator.alloc_zeroed(layout(endless)) }.is_null());
}

/// A mapping of `length` bytes.
fn mapping(length: usize) -> Mapping {
    Mapping::new(length).expect("memory")
}

#[test]
fn what_was_freed_last_is_kept_and_no_more_than_may_be() {
    let mut kept = Kept::NOTHING;
    kept.put(mapping(LARGE)).expect("there is no thread to keep it for").unmap();
    kept.limit = 4 * LARGE;
    let first = mapping(LARGE);
    let (start, second) = (first.start, mapping(LARGE));
    assert!(kept.put(first).is_none());
    assert!(kept.put(second).is_none());
    assert!(kept.put(mapping(2 * LARGE)).is_none());
    assert_eq!((kept.count, kept.bytes), (3, 4 * LARGE));
    assert!(kept.excess().is_none());
    let oldest = kept.put(mapping(LARGE)).expect("one too many");
    assert_eq!(oldest.start, start);
    oldest.unmap();

    assert!(kept.take(3 * LARGE).is_none(), "only what is as long");
    let last = kept.take(LARGE).expect("two are there");
    assert_eq!((kept.count, kept.bytes), (2, 3 * LARGE));
    last.unmap();

    kept.put(mapping(5 * LARGE)).expect("more than all that may be kept").unmap();
    kept.limit = 0;
    for left in [1, 0] {
        kept.excess().expect("nothing may be kept any more").unmap();
        assert_eq!(kept.count, left);
    }
    assert!(kept.excess().is_none());
    assert_eq!(kept.bytes, 0);
}

#[test]
fn the_longest_list_makes_room_for_another() {
    let mut kept = Kept { limit: usize::MAX, ..Kept::NOTHING };
    for _ in 0..MOST {
        assert!(kept.put(mapping(LARGE)).is_none());
    }
    kept.put(mapping(LARGE)).expect("the oldest").unmap();
    assert_eq!((kept.count, kept.bytes), (MOST, MOST * LARGE));
    kept.limit = 0;
    while let Some(mapping) = kept.excess() {
        mapping.unmap();
    }
    assert_eq!(kept.count, 0);
}

#[test]
fn lengths_are_rounded_up_by_less_than_a_quarter() {
    for size in (LARGE..3 * KEPT).step_by(77_777).chain([LARGE, KEPT, KEPT + 1, 4 << 30]) {
        let length = length_of(size);
        assert!(
            length >= size && length - size < size / 4 && length.is_multiple_of(PAGE),
            "{size}: {length}"
        );
        assert_eq!(length_of(length), length);
    }
}

/// In a process of its own: nobody else there gets a mapping either.
#[test]
#[cfg(target_os = "linux")]
fn a_block_shrinks_where_the_system_has_no_more_mappings() {
    const INSIDE: &str = "THREADMILL_TEST_NO_MAPPINGS";
    if std::env::var_os(INSIDE).is_none() {
        let this = "allocator::tests::a_block_shrinks_where_the_system_has_no_more_mappings";
        let mut inside = std::process::Command::new(std::env::current_exe().expect("this program"));
        let status = inside.args(["--exact", this]).env(INSIDE, "1").status().expect("it starts");
        assert!(status.success(), "{status}");
        return;
    }
    // The system lays one beneath the other, and describes them as one: to give back what is between takes a mapping more.
    let (_above, mut bytes) = (vec![7_u8; 8 << 20], vec![7_u8; 8 << 20]);
    let most = std::fs::read_to_string("/proc/sys/vm/max_map_count").expect("a limit");
    let pages = 2 * most.trim().parse::<usize>().expect("a number");
    // SAFETY: a new mapping, whose pages nobody uses.
    let is_full = unsafe {
        let none = ProtFlags::empty();
        let start = mmap_anonymous(null_mut(), pages * PAGE, none, MapFlags::PRIVATE).expect("addresses");
        (0..pages).step_by(2).any(|page| {
            let page = start.cast::<u8>().add(page * PAGE).cast();
            rustix::mm::mprotect(page, PAGE, rustix::mm::MprotectFlags::READ).is_err()
        })
    };
    assert!(is_full);
    bytes.truncate(3 << 20);
    bytes.shrink_to_fit();
    assert!(bytes.iter().all(|byte| *byte == 7));
}
