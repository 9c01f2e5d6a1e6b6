import ServiceFile
import Testing

@Suite struct ProblemTests {
    @Test(arguments: Wrong.noMap)
    func `what is no plain map in one document is refused`(wrong: Wrong) throws { try wrong.isTold() }

    @Test(arguments: Wrong.notAllowed)
    func `anchors, aliases, merge keys and tags are refused`(wrong: Wrong) throws { try wrong.isTold() }

    @Test(arguments: Wrong.twice)
    func `what is given twice is refused`(wrong: Wrong) throws { try wrong.isTold() }

    @Test(arguments: Wrong.unknown)
    func `unknown keys and kinds are named, with the known ones`(wrong: Wrong) throws { try wrong.isTold() }

    @Test(arguments: Wrong.missing)
    func `what is missing is named`(wrong: Wrong) throws { try wrong.isTold() }

    @Test(arguments: Wrong.misshapen)
    func `a list, a map or a text in the wrong place is refused`(wrong: Wrong) throws { try wrong.isTold() }
}
