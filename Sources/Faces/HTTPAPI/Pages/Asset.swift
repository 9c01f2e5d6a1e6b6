import Crypto
import Foundation
import HTTPTypes
import Hummingbird
import NIOCore
import WebUI

/// A constant file, with its digest as entity tag.
struct Asset: Sendable {
    let type: String
    let text: String
    let tag: String

    static let style = Asset(type: "text/css; charset=utf-8", text: Style.sheet)
    static let script = Asset(type: "text/javascript; charset=utf-8", text: Script.text)

    private init(type: String, text: String) {
        self.type = type
        self.text = text
        self.tag = "\"\(TokenDigest(of: text).hexadecimal.prefix(24))\""
    }

    func response(_ request: Request) -> Response {
        let headers: HTTPFields = [.contentType: self.type, .eTag: self.tag, .cacheControl: "no-cache"]
        if request.headers[.ifNoneMatch] == self.tag { return Response(status: .notModified, headers: headers) }
        return Response(status: .ok, headers: headers, body: .init(byteBuffer: ByteBuffer(string: self.text)))
    }
}
