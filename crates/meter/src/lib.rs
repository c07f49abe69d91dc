//! An allocator that counts what each thread holds, so that what runs for clients can be stopped before it takes too
//! much. A crate of its own because an allocator cannot be written without `unsafe`, and nothing else here needs it.

use std::alloc::{GlobalAlloc, Layout};
use std::cell::Cell;

thread_local! {
    static HELD: Cell<isize> = const { Cell::new(0) };
}

/// Bytes that this thread has taken and not given back. Less than nothing where it gives back what others took, and
/// always nothing where [`Meter`] is not the allocator: only the difference between two moments means something.
#[must_use]
pub fn held() -> isize {
    HELD.get()
}

/// Takes memory from another allocator, and counts it.
#[derive(Debug, Default)]
pub struct Meter<A>(pub A);

fn count(bytes: usize) {
    HELD.set(HELD.get().wrapping_add_unsigned(bytes));
}

fn discount(bytes: usize) {
    HELD.set(HELD.get().wrapping_sub_unsigned(bytes));
}

// SAFETY: everything is handed on to the allocator within as it came. Counting takes no memory and cannot panic: the
// counter needs neither an initializer nor a destructor.
unsafe impl<A: GlobalAlloc> GlobalAlloc for Meter<A> {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        // SAFETY: as promised by the caller.
        let taken = unsafe { self.0.alloc(layout) };
        if !taken.is_null() {
            count(layout.size());
        }
        taken
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        // SAFETY: as promised by the caller.
        let taken = unsafe { self.0.alloc_zeroed(layout) };
        if !taken.is_null() {
            count(layout.size());
        }
        taken
    }

    unsafe fn dealloc(&self, block: *mut u8, layout: Layout) {
        discount(layout.size());
        // SAFETY: as promised by the caller.
        unsafe { self.0.dealloc(block, layout) }
    }

    unsafe fn realloc(&self, block: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        // SAFETY: as promised by the caller.
        let taken = unsafe { self.0.realloc(block, layout, size) };
        if !taken.is_null() {
            discount(layout.size());
            count(size);
        }
        taken
    }
}
