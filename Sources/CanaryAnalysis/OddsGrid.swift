/// The odds ratios that evidence is spread over: `d_j = j·h` for j = -64...64, `h = ln(16)/64`: from a sixteenth to
/// sixteen times, in steps of 4.4 %.
enum OddsGrid {
    static let reach = 64
    static let count = 2 * reach + 1
    static let greatestRatio = 16.0
    static let step = Arithmetic.ln(greatestRatio) / Double(reach)

    /// `d_j` of the grid's place `index` in 0..<count.
    static func logRatio(_ index: Int) -> Double { Double(index - Self.reach) * Self.step }

    /// The first place above `logRatio`; one that is the grid's own up to rounding does not count as above itself.
    static func firstAbove(_ logRatio: Double) -> Int {
        (0..<Self.count).first { Self.logRatio($0) > logRatio + Self.rounding } ?? Self.count
    }

    /// How many places are below `logRatio`.
    static func countBelow(_ logRatio: Double) -> Int {
        (0..<Self.count).first { Self.logRatio($0) >= logRatio - Self.rounding } ?? Self.count
    }

    private static let rounding = 1e-12
}

/// `ln(1 + w(e^d - 1))` on the whole grid. It depends on the share w alone, so all streams of one interval use the
/// same, and it is computed anew only when w changes. Give the same value to every update: it is scratch room, no
/// state.
public struct ShareTerms: Sendable {
    /// Three rows of `OddsGrid.count`: d, e^d - 1, and the terms at `share`.
    private(set) var rows: ContiguousArray<Double>
    private var share = Double.nan

    public init() {
        let ratios = (0..<OddsGrid.count).map(OddsGrid.logRatio)
        self.rows = ContiguousArray(ratios + ratios.map { Arithmetic.e($0) - 1 } + ratios.map { _ in 0 })
    }

    mutating func prepare(_ share: Double) {
        guard share != self.share else { return }
        self.share = share
        self.rows.withUnsafeMutableBufferPointer { rows in
            for index in 0..<OddsGrid.count {
                rows[2 * OddsGrid.count + index] = Arithmetic.lnOnePlus(share * rows[OddsGrid.count + index])
            }
        }
    }
}
