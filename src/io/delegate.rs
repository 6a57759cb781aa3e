//! The `io` traits of types that wrap what reads and writes by reference (`self.0`).

/// `Read` for a type and for references of it, with what is added in braces; or, after an `@`, for one type alone.
macro_rules! reads {
    (@ $type:ty, { $($more:tt)* }) => {
        impl std::io::Read for $type {
            #[inline]
            fn read(&mut self, buf: &mut [u8]) -> std::io::Result<usize> {
                self.0.read(buf)
            }

            fn read_vectored(&mut self, bufs: &mut [std::io::IoSliceMut<'_>]) -> std::io::Result<usize> {
                self.0.read_vectored(bufs)
            }

            $($more)*
        }
    };
    ($type:ident) => {
        $crate::io::delegate::reads!($type, {});
    };
    ($type:ident, $more:tt) => {
        $crate::io::delegate::reads!(@ $type, $more);
        $crate::io::delegate::reads!(@ &$type, $more);
    };
}

/// `Write`, without a buffer, for a type and for references of it.
macro_rules! writes {
    (@ $($type:ty),*) => {
        $(
            impl std::io::Write for $type {
                #[inline]
                fn write(&mut self, buf: &[u8]) -> std::io::Result<usize> {
                    self.0.write(buf)
                }

                fn write_vectored(&mut self, bufs: &[std::io::IoSlice<'_>]) -> std::io::Result<usize> {
                    self.0.write_vectored(bufs)
                }

                #[inline]
                fn flush(&mut self) -> std::io::Result<()> {
                    Ok(())
                }
            }
        )*
    };
    ($type:ident) => {
        $crate::io::delegate::writes!(@ $type, &$type);
    };
}

pub(crate) use {reads, writes};
