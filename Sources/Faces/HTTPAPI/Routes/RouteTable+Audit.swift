import APIClient
import Core
import HTTPTypes

extension RouteTable {
    private static let types: [Wire.ExportForm: String] = [.lines: "application/jsonl", .table: "text/csv"]

    static var audit: [Route] {
        get throws {
            let form = QueryParameter(
                name: "form", kind: .text,
                summary: "lines (if none is given): with all proofs; or table: CSV for people.")
            let last = QueryParameter(
                name: "upto", kind: .number(0...Int.max),
                summary: "The last ledger position in it; without: all there is.")
            let export = Route(
                method: .get, path: Path("audit/export"),
                summary: "The whole record, as bytes that come piece by piece.",
                query: [form, last], body: nil, answer: .bytes(Self.types.values.sorted()),
                needs: .in(.organisation, .administer)
            ) { call in
                let text = call.query["form"] ?? Wire.ExportForm.lines.rawValue
                guard let form = Wire.ExportForm(rawValue: text), let type = Self.types[form] else {
                    throw Wire.Problem.invalid("`form` is `\(text.prefix(40))`. Known: lines, table.")
                }
                return .bytes(
                    type: type, try await call.operations.audit.export(call.caller, form, call.number("upto")))
            }
            return [
                export,
                try .read(
                    "audit/replay", "Decide again from the record; what is decided otherwise now.",
                    query: [QueryParameter(name: "service", kind: .text, summary: "Only this service.")], method: .post,
                    needs: .in(.service, .view)
                ) {
                    try await $0.operations.audit.replay($0.caller, $0.query["service"])
                },
            ]
        }
    }
}
