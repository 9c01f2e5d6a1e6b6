/// The stored body of one event of each kind, as released builds have written it. A kind is never changed in place: where one of these
/// no longer holds, the kind needs a new version and an upcast, and this stays as it is.
enum Stored {
    static let access = [
        "access.credentialChanged":
            #"{"at":1800000000000,"by":"person:ada","deed":"passwordSet","person":"bob"}"#,
        "access.refused":
            #"{"actor":"service-account:robot","at":1800000000000,"intent":"approve","scope":"c-shop-prod-1"}"#,
        "access.tokenAdded":
            #"{"createdAt":1800000000000,"hash":"sha256:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa","mayAdminister":true,"name":"phone","owner":"person:ada"}"#,
        "access.tokenRevoked": #"{"at":1800000000000,"by":"person:ada","name":"phone"}"#,
    ]

    static let accessNow = [
        "access.tokenAdded":
            #"{"createdAt":1800000000000,"hash":"sha256:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa","mayAdminister":false,"name":"ci","owner":"service-account:ci","scope":{"release":{"of":["shop"]}}}"#
    ]

    static let accessNewest = [
        "access.tokenAdded":
            #"{"createdAt":1800000000000,"expiresAt":1802592000000,"hash":"sha256:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa","mayAdminister":false,"name":"ci","owner":"service-account:ci","rights":[{"right":"promote","scope":"lane:shop/staging"}]}"#
    ]

    static let directory = [
        "directory.accountAdded": #"{"at":1800000000000,"by":"person:ada","name":"ci","team":"web-team"}"#,
        "directory.accountRemoved": #"{"at":1800000000000,"by":"person:ada","name":"ci","team":"web-team"}"#,
        "directory.delegated":
            #"{"at":1800000000000,"by":"person:ada","from":"bob","reason":"on leave","to":"cleo","until":1800086400000}"#,
        "directory.delegationEnded": #"{"at":1800000000000,"by":"person:ada","from":"bob"}"#,
        "directory.grantRemoved":
            #"{"at":1800000000000,"by":"person:ada","grant":{"right":"promote","scope":"lane:shop/prod","subject":"team:web-team"}}"#,
        "directory.granted":
            #"{"at":1800000000000,"by":"person:ada","grant":{"right":"promote","scope":"lane:shop/prod","subject":"team:web-team"}}"#,
        "directory.memberAdded": #"{"at":1800000000000,"by":"person:ada","person":"bob","team":"web-team"}"#,
        "directory.memberRemoved": #"{"at":1800000000000,"by":"person:ada","person":"bob","team":"web-team"}"#,
        "directory.personAdded":
            #"{"at":1800000000000,"by":"person:ada","displayName":"Bob B.","emails":["bob@example.org"],"id":"bob"}"#,
        "directory.personChanged":
            #"{"at":1800000000000,"by":"person:ada","displayName":"Bob B.","emails":[],"id":"bob"}"#,
        "directory.personDeactivated": #"{"at":1800000000000,"by":"person:ada","id":"bob","reason":"left"}"#,
        "directory.teamAdded": #"{"at":1800000000000,"by":"person:ada","groups":[],"name":"web-team"}"#,
        "directory.teamMapped": #"{"at":1800000000000,"by":"person:ada","groups":["/web"],"name":"web-team"}"#,
    ]

    static let change = [
        "change.approved": #"{"at":1800000000000}"#,
        "change.emergencyDeclared": #"{"at":1800000000000,"by":"person:ada","reason":"users can't pay"}"#,
        "change.escalated": #"{"at":1800000000000}"#,
        "change.expired": #"{"at":1800000000000}"#,
        "change.reminded": #"{"at":1800000000000}"#,
        "change.voided":
            #"{"at":1800000000000,"definition":3,"needs":[{"count":1,"from":["ada"]}],"reason":"defined otherwise"}"#,
        "change.closed": #"{"at":1800000000000,"reason":"completed"}"#,
        "change.rejected": #"{"at":1800000000000}"#,
        "change.requested":
            #"{"at":1800000000000,"authors":["ada"],"by":"person:ada","candidate":{"release":"r-0123456789ab","version":"1.2.3"},"id":"c-shop-prod-1","lane":{"environment":"prod","service":"shop"},"needs":[{"count":2,"from":["bob","cleo"]}],"promotion":1}"#,
        "change.spoken": #"{"at":1800000000000,"by":"person:bob","isYes":true,"reason":"looks right"}"#,
    ]

    static let release = [
        "release.blocked": #"{"at":1800000000000,"by":"person:ada","environment":"prod","reason":"slow"}"#,
        "release.built":
            #"{"artifact":{"blob":{"bytes":7,"digest":"sha256:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"},"name":"dist"},"at":1800000000000,"log":{"bytes":9,"digest":"sha256:bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"},"tests":{"errors":0,"failed":1,"failures":["shop opens"],"passed":3,"skipped":2}}"#,
        "release.failed": #"{"at":1800000000000,"reason":"the compiler says no"}"#,
        "release.requested":
            #"{"at":1800000000000,"author":"Ada <ada@shop.example>","by":"person:ada","commit":"0123456789012345678901234567890123456789","committedAt":1700000000000,"configuration":{"build":{"artifact":"dist/","command":"make","tests":"junit.xml","within":1800000},"reversible":true,"run":{"command":"./shop --port $PORT","health":{"path":"/healthz","within":20000},"replicas":2,"variables":{"LOG_LEVEL":"info"}},"tasks":{"afterBake":{"irreversible":true,"run":"./migrate contract","within":600000},"before":{"irreversible":false,"run":"./migrate expand","within":600000}},"version":"semver","watch":"main"},"id":"r-0123456789ab","repository":"/repositories/shop","service":"shop","subject":"feat: open","version":"1.2.3"}"#,
        "release.pruned":
            #"{"at":1800000000000,"blobs":["sha256:000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f"],"by":"person:ada","bytes":9}"#,
        "release.tagAsked": #"{"at":1800000000000,"by":"person:ada"}"#,
        "release.tagFailed": #"{"at":1800000000000,"reason":"`git tag` failed: the disk is full"}"#,
        "release.tagged": #"{"at":1800000000000}"#,
        "release.unblocked":
            #"{"at":1800000000000,"by":"person:ada","environment":"prod","reason":"the check was wrong"}"#,
        "release.verified": #"{"at":1800000000000,"environment":"prod"}"#,
    ]

    static let service = [
        "service.secretRemoved":
            #"{"at":1800000000000,"by":"person:ada","name":"DB_PASSWORD","reason":"not used any more","version":2}"#,
        "service.secretSet":
            #"{"at":1800000000000,"by":"person:ada","environment":"prod","name":"DB_PASSWORD","version":2}"#,
        "service.commitRefused":
            #"{"at":1800000000000,"branch":"main","by":"schedule","commit":"0123456789abcdef0123456789abcdef01234567","isEmpty":false,"reason":"no slipway.yaml"}"#,
        "service.defined":
            #"{"at":1800000000000,"by":"person:ada","definition":{"environments":[{"after":["dev"],"bake":30000,"drain":30000,"gates":[{"tests":{}},{"soak":{"_0":600000}},{"approval":{"count":2,"from":["bob","cleo"]}}],"keepWarm":3600000,"listen":"127.0.0.1:7003","name":"prod","notify":[{"channel":{"run":{"_0":"./tell.sh"}},"on":["failed","waiting"]},{"channel":{"webhook":{"_0":"http://127.0.0.1:9/hook"}},"on":["completed"]}],"previewHeader":"Slipway-Preview","promotion":"by hand","queue":"finish","replicas":3,"strategy":{"blueGreen":{"hold":5000}},"variables":{"PAYMENTS":"live"},"verify":[{"run":{"_0":"./smoke.sh $URL","within":60000}},{"http":{"path":"/","status":200,"within":5000}}]}],"owner":"web-team","service":"shop"},"number":1,"repository":"/repositories/shop"}"#,
    ]

    /// Kinds that have grown, at the version that is written now. Their first versions stand among the others.
    static let serviceNow = [
        "service.defined":
            #"{"at":1800000000000,"by":"person:ada","definition":{"environments":[{"after":[],"bake":30000,"drain":30000,"gates":[],"keepWarm":3600000,"listen":"127.0.0.1:7003","name":"prod","noData":{"wait":{"_0":30000}},"notify":[{"channel":{"run":{"_0":"./tell.sh"}},"on":["warning"]}],"objective":500,"previewHeader":"Slipway-Preview","promotion":"by hand","queue":"finish","strategy":{"canary":{"_0":{"each":{"atLeast":2000,"atMost":60000},"observe":1000,"steps":[500,10000],"whenTimeIsUp":"advance-unless-doubt"}}},"userKey":{"cookie":{"_0":"session"}},"variables":{},"verify":[]},{"after":[],"bake":0,"drain":30000,"gates":[],"keepWarm":3600000,"listen":"127.0.0.1:7004","name":"qa","noData":{"fail":{}},"notify":[],"previewHeader":"Slipway-Preview","promotion":"by hand","queue":"finish","strategy":{"rolling":{"_0":{"batch":2,"each":{"atLeast":2000,"atMost":60000},"observe":1000,"whenTimeIsUp":"pause"}}},"userKey":{"header":{"_0":"X-User"}},"variables":{},"verify":[]}],"owner":"web-team","service":"shop"},"number":1,"repository":"/repositories/shop","watch":"main"}"#
    ]

    static let laneNow = [
        "lane.passedNoReturn": #"{"because":"it writes the new form","number":2,"version":"1.2.3"}"#,
        "lane.rollbackOrdered":
            #"{"at":1800000000000,"by":"person:ada","number":3,"reason":"slow","settings":{"definition":1,"drain":30000,"health":60000,"policy":"finish"},"target":{"candidate":{"release":"r-0123456789ab","version":"1.2.3"},"isWithdrawn":false,"leftAt":1800000000000,"number":1,"secrets":[{"name":"API_KEY","service":"shop","version":1}],"verifiedAt":1799990000000}}"#,
        "lane.admitted":
            #"{"at":1800000000000,"facts":{"definition":1,"gates":[],"readings":["service/shop@1"]},"number":2,"plan":{"drain":30000,"firstReplicas":1,"judging":{"every":1000,"noData":{"wait":{"_0":30000}},"objective":500,"whenTimeIsUp":"pause"},"keepWarm":3600000,"policy":"finish","reversible":true,"steps":[{"capacity":{"within":20000}},{"shift":{"_0":500}},{"observe":{"_0":500,"_1":{"atLeast":2000,"atMost":60000}}},{"scale":{"replicas":2,"within":20000}},{"shift":{"_0":10000}}],"strategy":"rolling"}}"#,
        "lane.alarmRaised":
            #"{"kind":"stoppedByJudge","nextAction":"look at `slipway why`","reason":"1.2.3 was stopped","since":1800000000000}"#,
        "lane.capacityWanted":
            #"{"candidate":{"release":"r-0123456789ab","version":"1.2.3"},"definition":1,"drain":30000,"number":2,"replicas":1}"#,
    ]

    /// Bodies as they are written since version 3 of a kind.
    static let laneNewest = [
        "lane.admitted":
            #"{"at":1800000000000,"facts":{"definition":1,"gates":[],"readings":["service/shop@2"],"rules":1,"secrets":[{"environment":"prod","name":"DB_PASSWORD","service":"shop","version":2}]},"number":2,"plan":{"drain":30000,"keepWarm":3600000,"policy":"finish","reversible":true,"steps":[{"shift":{"_0":10000}}],"strategy":"bigBang"}}"#,
        "lane.capacityWanted":
            #"{"candidate":{"release":"r-0123456789ab","version":"1.2.3"},"definition":1,"drain":30000,"number":2,"secrets":[{"environment":"prod","name":"DB_PASSWORD","service":"shop","version":2},{"name":"API_KEY","service":"shop","version":1}]}"#,
        "lane.alarmRaised":
            #"{"kind":"routerDown","nextAction":"mend what it says","reason":"127.0.0.1:7003 is in use","since":1800000000000}"#,
    ]

    /// Bodies as they are written since version 4 of a kind.
    static let laneLatest = [
        "lane.admitted":
            #"{"at":1800000000000,"facts":{"data":"contract","definition":1,"gates":[],"readings":["service/shop@2"],"reversibility":{"until":{"_0":"bake","because":"it writes the new form"}},"rules":1,"secrets":[{"environment":"prod","name":"DB_PASSWORD","service":"shop","version":2}]},"number":2,"plan":{"drain":30000,"keepWarm":3600000,"noReturns":[{"because":"it was prepared by 1.2.2","keeps":1,"step":1},{"because":"it writes the new form","step":3}],"policy":"finish","reversible":true,"steps":[{"shift":{"_0":10000}}],"strategy":"bigBang"}}"#
    ]

    static let serviceNewest = [
        "service.defined":
            #"{"at":1800000000000,"by":"person:ada","definition":{"dependsOn":[{"service":"stock","versions":">=1.4"},{"service":"mail"}],"environments":[{"after":[],"bake":30000,"drain":30000,"gates":[{"like":{}}],"keepWarm":3600000,"like":{"environment":"prod","except":["replicas"]},"listen":"127.0.0.1:7003","name":"prod","noData":{"wait":{"_0":30000}},"notify":[{"channel":{"run":{"_0":"./tell.sh"}},"on":["warning"]}],"objective":500,"previewHeader":"Slipway-Preview","promotion":"by hand","queue":"finish","strategy":{"canary":{"_0":{"each":{"atLeast":2000,"atMost":60000},"observe":1000,"steps":[500,10000],"whenTimeIsUp":"advance-unless-doubt"}}},"userKey":{"cookie":{"_0":"session"}},"variables":{},"verify":[]},{"after":[],"bake":0,"drain":30000,"gates":[],"keepWarm":3600000,"listen":"127.0.0.1:7004","name":"qa","noData":{"fail":{}},"notify":[],"previewHeader":"Slipway-Preview","promotion":"by hand","queue":"finish","strategy":{"rolling":{"_0":{"batch":2,"each":{"atLeast":2000,"atMost":60000},"observe":1000,"whenTimeIsUp":"pause"}}},"userKey":{"header":{"_0":"X-User"}},"variables":{},"verify":[]}],"owner":"web-team","service":"shop"},"number":1,"repository":"/repositories/shop","watch":"main"}"#
    ]

    static let releaseNow = [
        "release.requested":
            #"{"at":1800000000000,"author":"Ada <ada@shop.example>","by":"person:ada","commit":"0123456789012345678901234567890123456789","committedAt":1700000000000,"configuration":{"build":{"artifact":"dist/","command":"make","tests":"junit.xml","within":1800000},"data":"migrate","needs":{"bakedFor":86400000,"versions":">=1.2 <1.3"},"reversibility":{"forwardOnly":{"because":"it writes the new form"}},"reversible":true,"run":{"command":"./shop --port $PORT","health":{"path":"/healthz","within":20000},"replicas":2,"variables":{"LOG_LEVEL":"info"}},"tasks":{"afterBake":{"irreversible":true,"run":"./migrate contract","within":600000},"before":{"irreversible":false,"run":"./migrate expand","within":600000}},"version":"semver","watch":"main"},"id":"r-0123456789ab","repository":"/repositories/shop","service":"shop","subject":"feat: open","version":"1.2.3"}"#
    ]

    /// The state of a lane in snapshots of version 1: a release serves, and another one is being deployed.
    static let laneState =
        #"{"blocks":[],"capacities":{"1":{"candidate":{"release":"r-a","version":"1.2.2"},"definition":1,"drain":30000,"number":1,"state":"ready"},"2":{"candidate":{"release":"r-b","version":"1.2.3"},"definition":1,"drain":30000,"number":2,"state":"ready","warmUntil":1800003600000}},"confirmedGeneration":4,"deployment":{"by":"person:ada","candidate":{"release":"r-b","version":"1.2.3"},"capacity":2,"deadline":1800000060000,"definition":1,"kind":"forward","number":2,"phase":{"running":{}},"plan":{"drain":30000,"keepWarm":3600000,"policy":"finish","reversible":true,"steps":[{"capacity":{"within":20000}},{"preview":{}},{"shift":{"_0":10000}}],"strategy":"blueGreen"},"returnsTo":1,"startedAt":1800000000000,"step":1,"stepIsDone":false,"stepStartedAt":1800000000000},"history":[{"candidate":{"release":"r-a","version":"1.2.2"},"isWithdrawn":false,"number":1,"verifiedAt":1799990000000}],"lastNumber":2,"noReturnBefore":0,"queue":[],"recent":[{"by":"person:ada","candidate":{"release":"r-a","version":"1.2.2"},"end":{"deployment":{"_0":"completed"}},"endedAt":1799990000000,"kind":"forward","lastLines":[],"number":1,"reason":"","startedAt":1799980000000,"strategy":"blueGreen"}],"routerlessGeneration":0,"routing":{"generation":4,"preview":2,"weights":{"1":10000}},"seen":["r-a","r-b"],"stable":{"candidate":{"release":"r-a","version":"1.2.2"},"capacity":1,"number":1}}"#

    static let laneQueue = [
        "lane.admitted":
            #"{"at":1800000000000,"facts":{"definition":1,"gates":[{"gate":"build","reason":"built","verdict":"pass"}],"readings":["service/shop@1"]},"number":2,"plan":{"drain":30000,"keepWarm":3600000,"policy":"finish","reversible":true,"steps":[{"task":{"_0":"before","within":600000}},{"capacity":{"within":20000}},{"preview":{}},{"verify":{"_0":"preview","within":60000}},{"hold":{"_0":5000}},{"shift":{"_0":10000}},{"bake":{"_0":30000}}],"strategy":"blueGreen"}}"#,
        "lane.removed":
            #"{"at":1800000000000,"by":"system","number":2,"reason":"build: the compiler says no","why":"rejected"}"#,
        "lane.requested":
            #"{"at":1800000000000,"by":"person:ada","candidate":{"release":"r-0123456789ab","version":"1.2.3"},"expiresAt":1800604800000,"number":2}"#,
        "lane.waiting":
            #"{"gates":[{"gate":"after dev","passesAt":1800000600000,"reason":"soaks in dev for 10 min"}],"number":2}"#,
    ]

    static let laneDeployment = [
        "lane.aborted":
            #"{"at":1800000000000,"deadline":1800000060000,"ending":{"by":"person:ada","lastLines":[],"reason":"slow"},"number":2}"#,
        "lane.alertPeriodBegan":
            #"{"at":1800000000000,"candidate":{"release":"r-0123456789ab","version":"1.2.3"},"number":2,"until":1800001800000}"#,
        "lane.alertPeriodEnded":
            #"{"at":1800000900000,"candidate":{"release":"r-0123456789ab","version":"1.2.3"},"number":2,"reason":"slow","why":"takenBack"}"#,
        "lane.capacityGone": #"{"number":1}"#,
        "lane.capacityLost": #"{"number":1}"#,
        "lane.capacityReady": #"{"number":2}"#,
        "lane.capacityRetiring": #"{"goneBy":1800000210000,"number":1}"#,
        "lane.capacityWanted":
            #"{"candidate":{"release":"r-0123456789ab","version":"1.2.3"},"definition":1,"drain":30000,"number":2}"#,
        "lane.capacityWarm": #"{"number":1,"until":1800003600000}"#,
        "lane.capacityScaled": #"{"number":2,"replicas":4}"#,
        "lane.judged":
            #"{"at":1800000000000,"judgement":{"from":1799999990000,"harm":5123456,"mayAdvance":false,"metric":"errors","new":{"errors":4,"requests":100,"version":"1.2.3"},"observations":"sha256:cccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccc","old":{"errors":2,"requests":1900,"version":"1.2.2"},"ratioAtLeast":1200,"ratioAtMost":9000,"requestsInStep":100,"safe":-1000000,"sentence":"1.2.3 fails more often","to":1800000000000,"verdict":"fail","warning":"memory grows"},"number":2,"step":4}"#,
        "lane.ended":
            #"{"at":1800000000000,"candidate":{"release":"r-0123456789ab","version":"1.2.3"},"number":2,"outcome":"completed","reason":""}"#,
        "lane.failed":
            #"{"at":1800000000000,"deadline":1800000060000,"ending":{"by":"system","lastLines":["can't open its data"],"reason":"not ready"},"number":2}"#,
        "lane.instancesDied":
            #"{"deaths":{"at":1800000000000,"count":3,"last":"instance 2 was ended by signal 9","quiet":20000},"number":2}"#,
        "lane.passedNoReturn": #"{"number":2}"#,
        "lane.noReturnOverridden": #"{"at":1800000000000,"by":"person:ada","reason":"the old form is still there"}"#,
        "lane.combinationOverridden":
            #"{"at":1800000000000,"by":"person:ada","number":3,"reason":"seen on a copy","with":["stock@1.2.0"]}"#,
        "lane.handedOver": #"{"at":1800000000000,"by":"person:ada","number":2,"reason":"the fix is next","step":6}"#,
        "lane.movedFirst": #"{"at":1800000000000,"by":"person:ada","number":3,"reason":"the fix"}"#,
        "lane.paused": #"{"number":2,"pause":{"by":"person:ada","reason":"lunch","since":1800000000000}}"#,
        "lane.resumed": #"{"at":1800000000000,"by":"person:ada","number":2,"reason":"back","stoodStill":60000}"#,
        "lane.rollbackOrdered":
            #"{"at":1800000000000,"by":"person:ada","number":3,"reason":"slow","settings":{"definition":1,"drain":30000,"health":60000,"policy":"finish"},"target":{"candidate":{"release":"r-0123456789ab","version":"1.2.3"},"isWithdrawn":false,"leftAt":1800000000000,"number":1,"verifiedAt":1799990000000}}"#,
        "lane.rollbackStarted":
            #"{"at":1800000000000,"by":"person:ada","candidate":{"release":"r-0123456789ab","version":"1.2.3"},"capacity":1,"definition":1,"number":3,"plan":{"drain":30000,"keepWarm":0,"policy":"finish","reversible":true,"steps":[{"shift":{"_0":10000}}],"strategy":"rollback"},"reason":"slow"}"#,
        "lane.routerDied": #"{"at":1800000000000,"count":1,"last":"HAProxy was ended by signal 9","quiet":10000}"#,
        "lane.routingConfirmed": #"{"at":1800000000000,"generation":4}"#,
        "lane.routingWanted": #"{"generation":4,"preview":2,"weights":{"1":10000}}"#,
        "lane.skipped": #"{"at":1800000000000,"by":"person:ada","number":2,"reason":"seen enough","step":6}"#,
        "lane.stepCompleted": #"{"number":2,"step":1,"summary":"done"}"#,
        "lane.stepStarted": #"{"at":1800000000000,"deadline":1800000305000,"number":2,"step":4,"until":1800000005000}"#,
        "lane.verified":
            #"{"at":1800000000000,"candidate":{"release":"r-0123456789ab","version":"1.2.3"},"capacity":2,"number":2}"#,
        "lane.withdrawn": #"{"at":1800000000000,"numbers":[2]}"#,
    ]

    static let laneGuards = [
        "lane.alarmCleared": #"{"at":1800000000000,"by":"system","reason":"its instances are ready again"}"#,
        "lane.alarmRaised":
            #"{"kind":"noReadyCapacity","nextAction":"look at `slipway logs`","reason":"1.2.3 has no ready instance","since":1800000000000}"#,
        "lane.blocked": #"{"at":1800000000000,"by":"person:ada","reason":"slow","release":"r-0123456789ab"}"#,
        "lane.downFinished": #"{"at":1800000000000}"#,
        "lane.downOrdered": #"{"at":1800000000000,"by":"person:ada","reason":"over"}"#,
        "lane.held": #"{"by":"person:ada","reason":"inventory","since":1800000000000,"until":1800003600000}"#,
        "lane.holdReleased": #"{"at":1800000000000,"by":"person:ada","reason":"done"}"#,
        "lane.pinned": #"{"by":"person:ada","reason":"contract","version":"1.2.3"}"#,
        "lane.routerRemoved": #"{"at":1800000000000}"#,
        "lane.unblocked": #"{"by":"person:ada","reason":"the check was wrong","release":"r-0123456789ab"}"#,
        "lane.unpinned": #"{"at":1800000000000,"by":"person:ada","reason":"done"}"#,
    ]
}
