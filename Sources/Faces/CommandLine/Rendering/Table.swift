/// Columns of text, each as wide as its widest cell; the last one as long as it likes.
struct Table {
    private var rows: [[String]] = []

    init(_ titles: String...) {
        self.rows = [titles]
    }

    mutating func add(_ cells: String...) {
        self.rows.append(cells.map { $0.isEmpty ? "-" : Plain.line($0) })
    }

    /// The title and the rows; every line starts with `indent`.
    func lines(indent: String = "") -> [String] {
        let widths = (self.rows.first ?? []).indices.map { column in
            self.rows.map { $0[column].count }.max() ?? 0
        }
        return self.rows.map { row in
            var line = indent
            for (column, cell) in row.enumerated() {
                line += cell
                guard column < row.count - 1 else { break }
                line += String(repeating: " ", count: widths[column] - cell.count + 2)
            }
            return line
        }
    }
}
