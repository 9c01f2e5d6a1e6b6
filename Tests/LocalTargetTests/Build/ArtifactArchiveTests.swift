import Foundation
import LocalTarget
import Testing

@Suite struct ArtifactArchiveTests {
    private let scratch: JobScratch
    private let archive = ArtifactArchive()

    init() throws { self.scratch = try JobScratch() }

    private func bytes(_ name: String) throws -> [UInt8] {
        [UInt8](try Data(contentsOf: URL(fileURLWithPath: "\(self.scratch.path)/\(name)")))
    }

    private func pack(_ name: String, into file: String) async throws -> [UInt8] {
        try await self.archive.pack("\(self.scratch.path)/\(name)", into: "\(self.scratch.path)/\(file)")
        return try self.bytes(file)
    }

    private func code(_ body: () async throws -> Void) async -> ArchiveError.Code? {
        do {
            try await body()
            return nil
        } catch {
            return (error as? ArchiveError)?.code
        }
    }

    private let long = String(repeating: "long-name-", count: 20)

    private func makeContent(_ root: String) throws {
        try self.scratch.write("#!/bin/sh\necho hi\n", to: "\(root)/bin/run", isExecutable: true)
        try self.scratch.write("", to: "\(root)/empty")
        try self.scratch.write(String(repeating: "x", count: 512), to: "\(root)/block")
        try self.scratch.write("deep", to: "\(root)/\(self.long)/\(self.long)/file")
        try self.scratch.write("odd", to: "\(root)/\u{1F680} qu'o\"te\nline")
        _ = try self.scratch.folder("\(root)/nothing")
        try program("/bin/ln", ["-s", "../empty", "\(self.scratch.path)/\(root)/bin/link"])
        try program("/bin/ln", ["-s", "\(self.long)/\(self.long)/file", "\(self.scratch.path)/\(root)/far"])
    }

    @Test func `the same content gives the same bytes, whatever its times, owners, modes and order`() async throws {
        try self.makeContent("one")
        try self.scratch.write("odd", to: "two/\u{1F680} qu'o\"te\nline")
        try self.makeContent("two")
        try program("/bin/chmod", ["-R", "g+w,o-r", self.scratch.path + "/two/bin"])
        try program("/usr/bin/find", [self.scratch.path + "/two", "-exec", "touch", "-h", "-d", "@1", "{}", "+"])
        let one = try await self.pack("one", into: "one.tar")
        let two = try await self.pack("two", into: "two.tar")
        #expect(one == two)
        #expect(one.count % 512 == 0)
        try self.scratch.write("another", to: "two/empty")
        #expect(try await self.pack("two", into: "three.tar") != one)
    }

    @Test func `what is unpacked packs to the same bytes again`() async throws {
        try self.makeContent("one")
        let one = try await self.pack("one", into: "one.tar")
        try await self.archive.unpack(self.scratch.path + "/one.tar", into: self.scratch.path + "/back")
        #expect(try self.scratch.text("back/bin/run") == "#!/bin/sh\necho hi\n")
        #expect(try program(self.scratch.path + "/back/bin/run", []) == "hi\n")
        #expect(try program("/usr/bin/readlink", [self.scratch.path + "/back/bin/link"]) == "../empty\n")
        #expect(self.scratch.exists("back/nothing"))
        #expect(try await self.pack("back", into: "back.tar") == one)
    }

    @Test func `tar reads what we write`() async throws {
        try self.makeContent("one")
        _ = try await self.pack("one", into: "one.tar")
        let folder = try self.scratch.folder("tar")
        try program("/bin/tar", ["-xf", self.scratch.path + "/one.tar", "-C", folder])
        #expect(try program("/usr/bin/diff", ["-r", self.scratch.path + "/one", folder]).isEmpty)
        let list = try program(
            "/bin/tar", ["--numeric-owner", "--utc", "--full-time", "-tvf", self.scratch.path + "/one.tar", "bin/run"])
        #expect(list.hasPrefix("-rwxr-xr-x 0/0"))
        #expect(list.contains("1970-01-01 00:00:00"))
    }

    @Test func `one file is packed under its own name`() async throws {
        try self.scratch.write("x", to: "some/where/app", isExecutable: true)
        _ = try await self.pack("some/where/app", into: "app.tar")
        #expect(try program("/bin/tar", ["-tf", self.scratch.path + "/app.tar"]) == "app\n")
    }

    @Test func `devices, pipes and links that lead out are not packed`() async throws {
        let bad: [(String, [String])] = [
            ("/usr/bin/mkfifo", []), ("/bin/ln", ["-s", "/etc/passwd"]), ("/bin/ln", ["-s", "../outside"]),
            ("/bin/ln", ["-s", "sub/../../outside"]), ("/bin/ln", ["-s", "sub/.."]), ("/bin/ln", ["-s", ".."]),
        ]
        for (index, (path, arguments)) in bad.enumerated() {
            let folder = try self.scratch.folder("bad\(index)")
            try program(path, arguments + [folder + "/entry"])
            #expect(
                await self.code { _ = try await self.pack("bad\(index)", into: "bad.tar") } == .unsafe, "\(arguments)")
        }
        #expect(await self.code { _ = try await self.pack("missing", into: "bad.tar") } == .missing)
    }

    @Test func `an artifact has a largest size and a largest number of files`() async throws {
        try self.makeContent("one")
        var limits = ArtifactArchive.Limits()
        limits.bytes = 511
        let small = ArtifactArchive(limits: limits)
        let one = self.scratch.path + "/one"
        let tar = self.scratch.path + "/one.tar"
        #expect(await self.code { try await small.pack(one, into: tar) } == .tooLarge)
        try await self.archive.pack(one, into: tar)
        #expect(await self.code { try await small.unpack(tar, into: self.scratch.path + "/small") } == .tooLarge)
        limits = ArtifactArchive.Limits()
        limits.entries = 3
        let few = ArtifactArchive(limits: limits)
        #expect(await self.code { try await few.pack(one, into: tar) } == .tooLarge)
        try await self.archive.pack(one, into: tar)
        #expect(await self.code { try await few.unpack(tar, into: self.scratch.path + "/few") } == .tooLarge)
    }

    /// Archives made by tar that would write elsewhere, or hold what an artifact may not.
    @Test(
        arguments: [
            "mkdir d && echo x > d/f && tar --format=ustar -cf $1 --transform 's,d/f,../escaped,' d/f",
            "echo x > f && tar --format=ustar -P -cf $1 --transform \"s,f,$PWD/escaped,\" f",
            "ln -s /etc l && tar --format=ustar -cf $1 l",
            "ln -s .. l && echo x > f && tar --format=ustar -cf $1 l --transform 's,^f$,l/escaped,' f",
            "mkdir d && ln -s d l && echo x > f && tar --format=ustar -cf $1 d l --transform 's,^f$,l/escaped,' f",
            "mkfifo p && tar --format=ustar -cf $1 p", "echo x > f && ln f g && tar --format=ustar -cf $1 f g",
            "echo x > f && tar --format=ustar -cf $1 f f --hard-dereference && tar --format=ustar -rf $1 f",
            "echo x > f && tar --format=ustar -cf $1 ./f", "echo x > f && tar --format=gnu -cf $1 f",
            "echo x > f && tar --format=ustar -b1 -cf $1 f && printf x >> $1",
            "echo x > f && tar --format=pax --pax-option=a=b -cf $1 f",
            "mkdir d && echo x > d/f && tar --format=ustar -cf $1 d/f", ": > $1", "printf 'not an archive' > $1",
            "head -c 4096 /dev/urandom > $1",
        ])
    func `a hostile archive writes nothing outside and is refused`(script: String) async throws {
        let work = try self.scratch.folder("work")
        let file = self.scratch.path + "/hostile.tar"
        try program("/bin/sh", ["-ec", "cd \"$2\"\n" + script, "sh", file, work])
        let inside = try self.scratch.folder("target") + "/inside"
        await #expect(throws: (any Error).self) { try await self.archive.unpack(file, into: inside) }
        #expect(try program("/usr/bin/find", [self.scratch.path, "-name", "escaped"]).isEmpty)
        #expect(try program("/bin/ls", ["-A", self.scratch.path + "/target"]) == "inside\n")
    }

    @Test func `an archive that is cut off or changed anywhere in a header is refused`() async throws {
        try self.scratch.write(String(repeating: "x", count: 700), to: "one/file")
        let whole = try await self.pack("one", into: "one.tar")
        for (number, count) in [0, 1, 511, 512, 700, 1_024, whole.count - 512, whole.count - 1].enumerated() {
            try Data(whole[..<count]).write(to: URL(fileURLWithPath: self.scratch.path + "/cut.tar"))
            await #expect(throws: ArchiveError.self) {
                try await self.archive.unpack(self.scratch.path + "/cut.tar", into: self.scratch.path + "/cut\(number)")
            }
        }
        for offset in 0..<512 {
            var damaged = whole
            damaged[offset] ^= 1
            try Data(damaged).write(to: URL(fileURLWithPath: self.scratch.path + "/damaged.tar"))
            await #expect(throws: ArchiveError.self, "\(offset)") {
                try await self.archive.unpack(
                    self.scratch.path + "/damaged.tar", into: self.scratch.path + "/damaged\(offset)")
            }
        }
    }

    @Test func `only an empty folder is unpacked into`() async throws {
        try self.scratch.write("x", to: "one/file")
        _ = try await self.pack("one", into: "one.tar")
        try self.scratch.write("mine", to: "there/file")
        let code = await self.code {
            try await self.archive.unpack(self.scratch.path + "/one.tar", into: self.scratch.path + "/there")
        }
        #expect(code == .failed)
        #expect(try self.scratch.text("there/file") == "mine")
    }
}
