import Glibc
package import Ports

extension DiskRoom {
    /// The room that a user has on the disk of a folder (statvfs(3)); nil if the system does not say.
    package init?(of folder: String) {
        var status = statvfs()
        guard statvfs(folder, &status) == 0, status.f_blocks > 0 else { return nil }
        let unit = Int64(clamping: status.f_frsize)
        let free = Int64(clamping: status.f_bavail).multipliedReportingOverflow(by: unit)
        let total = Int64(clamping: status.f_blocks).multipliedReportingOverflow(by: unit)
        guard !free.overflow, !total.overflow else { return nil }
        self.init(free: free.partialValue, total: total.partialValue)
    }
}
