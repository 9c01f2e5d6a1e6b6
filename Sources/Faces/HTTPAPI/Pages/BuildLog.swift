import APIClient

/// The end of a build's output, which is what a person looks for.
struct BuildLog {
    private static let piecesMax = 512
    private static let charactersMax = 64 * 1024

    let operations: Operations
    let caller: Caller

    func tail(of release: String) async throws -> String {
        var text = ""
        var offset = 0
        for _ in 0..<Self.piecesMax {
            let piece = try await self.operations.releaseLog(self.caller, release, offset)
            text = String((text + piece.text).suffix(Self.charactersMax))
            guard !piece.isComplete, piece.next > offset else { break }
            offset = piece.next
        }
        return text
    }
}
