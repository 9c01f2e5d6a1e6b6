/// The room on the disk of the data folder, in bytes, and how much of it is kept for what serves.
package struct DiskRoom: Sendable, Equatable {
    package let free: Int64
    package let total: Int64
    /// Below that nothing new is built.
    package let mark: Int64

    /// - Parameter mark: nil: 1 GiB, or 5 % of the disk if that is less.
    package init(free: Int64, total: Int64, mark: Int64? = nil) {
        self.free = free
        self.total = total
        self.mark = mark ?? min(1 << 30, total / 20)
    }

    package var isLow: Bool { self.free < self.mark }

    /// Why nothing is built, with the numbers, and what to do.
    package var sentence: String {
        "the disk of the data folder has \(self.free >> 20) MiB free of \(self.total >> 20) MiB, and below "
            + "\(self.mark >> 20) MiB nothing new is built (what was built can still be deployed and rolled back). "
            + "Make room, for example with `slipway prune`"
    }
}
