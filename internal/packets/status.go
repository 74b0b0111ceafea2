package packets

// Values of NetworkStatus.Status.
const (
	StatusConnect    uint8 = 1
	StatusAccepted   uint8 = 2
	StatusDisconnect uint8 = 3
	StatusServerDead uint8 = 4
)

// Values of LoginReply.Result. The client shows its own text for each.
const (
	LoginOK              uint8 = 0
	LoginFailed          uint8 = 1
	LoginUnknownAccount  uint8 = 2
	LoginWrongPassword   uint8 = 3
	LoginAlreadyLoggedIn uint8 = 4
	LoginRefused         uint8 = 5
	LoginNeedsCharge     uint8 = 6
	LoginNoRight         uint8 = 7
	LoginTooManyUsers    uint8 = 8
	LoginNoRealName      uint8 = 9
	LoginWrongVersion    uint8 = 10
	LoginOutsideRegion   uint8 = 11
)

// Values of SelectServerReply.Result.
const (
	SelectOK             uint8 = 0
	SelectFailed         uint8 = 1
	SelectFull           uint8 = 2
	SelectInvalidChannel uint8 = 3
	SelectInactive       uint8 = 4
	SelectAge            uint8 = 5
	SelectNeedsCharge    uint8 = 6
)

// Values of JoinReply.Result.
const (
	JoinOK              uint8 = 0
	JoinFailed          uint8 = 1
	JoinTimeout         uint8 = 2
	JoinWrongPassword   uint8 = 3
	JoinAlreadyLoggedIn uint8 = 4
)

// Values of CreateCharacterReply.Result.
const (
	CreateOK           uint8 = 0
	CreateFailed       uint8 = 1
	CreateNameExists   uint8 = 2
	CreateInvalidValue uint8 = 3
	CreateNoMoreSlots  uint8 = 4
	CreateBlocked      uint8 = 5
)

// Special values of DeleteCharacterReply.Seconds.
const (
	DeleteUndone     uint32 = 0
	DeleteFailed     uint32 = 0xFFFFFFFF
	MaxDeleteSeconds uint32 = 3600 // more crashes some clients
)

// How an entity moves, as in spawns and moves.
const (
	MoveWalk  uint8 = 0
	MoveRun   uint8 = 1
	MoveDrive uint8 = 2
)

// What an entity is doing, as in spawns.
const (
	ActionStop   uint16 = 0
	ActionMove   uint16 = 1
	ActionAttack uint16 = 2
	ActionDead   uint16 = 3
	ActionPickUp uint16 = 4
	ActionFlee   uint16 = 9
	ActionSit    uint16 = 10
	ActionShop   uint16 = 11
)

// Values of MoveToggleRequest.Kind: each switches the state that it names.
const (
	ToggleRun   uint8 = 0
	ToggleSit   uint8 = 1
	ToggleDrive uint8 = 2
)

// Values of MoveToggle.Kind: how the entity moves from now on. With ToggledSit an
// entity that stands sits down, and one that sits stands up. The others do neither.
const (
	ToggledSit   uint8 = 1
	ToggledWalk  uint8 = 2
	ToggledRun   uint8 = 3
	ToggledDrive uint8 = 4
)

// Values of ReviveRequest.Kind.
const (
	ReviveHere  uint8 = 1 // in this zone
	ReviveSaved uint8 = 2 // in the zone that was set
)

// Values of BankMoveRequest.Kind.
const (
	BankPut  uint8 = 0
	BankTake uint8 = 1
)

// Values of CraftRequest.Kind.
const (
	CraftGem        uint8 = 1
	CraftBreak      uint8 = 2 // with a skill, like CraftUpgrade
	CraftBreakNPC   uint8 = 3
	CraftUpgrade    uint8 = 4
	CraftUpgradeNPC uint8 = 5
)

// Values of ShopResult.Result.
const (
	ShopPriceChanged uint8 = 1
	ShopNoNPC        uint8 = 2
	ShopTooFar       uint8 = 3
	ShopNoMoney      uint8 = 4
	ShopOtherUnion   uint8 = 5
	ShopNoPoints     uint8 = 6
)

// Values of PickUpResult.Result.
const (
	PickUpOK       uint8 = 0
	PickUpGone     uint8 = 1
	PickUpNotYours uint8 = 2
	PickUpFull     uint8 = 3
)

// Values of RaiseSkillResult.Result.
const (
	RaiseSkillOK        uint8 = 0
	RaiseSkillFailed    uint8 = 1
	RaiseSkillNoPoints  uint8 = 2
	RaiseSkillNoAbility uint8 = 3
	RaiseSkillWrongJob  uint8 = 4
	RaiseSkillNoSkill   uint8 = 5
	RaiseSkillNoMoney   uint8 = 6
)

// Values of CastCancelled.Reason.
const (
	CastNoAbility   uint8 = 1
	CastNoTarget    uint8 = 2
	CastWrongTarget uint8 = 3
)

// Values of PartyRequest.Kind.
const (
	PartyCreate uint8 = 0 // and invite the first member
	PartyInvite uint8 = 1
	PartyLeave  uint8 = 2
	PartyLeader uint8 = 3 // make another member the leader
	PartyKick   uint8 = 0x81
)

// Values of PartyReplyRequest.Kind and PartyReply.Kind.
const (
	PartyReplyBusy         uint8 = 1
	PartyReplyAcceptCreate uint8 = 2
	PartyReplyAcceptInvite uint8 = 3
	PartyReplyRefuse       uint8 = 4
	PartyReplyDeleted      uint8 = 5 // from the server: there is no party
	PartyReplyLeader       uint8 = 8 // from the server, like the next ones
	PartyReplyKicked       uint8 = 0x80
	PartyReplyDisconnected uint8 = 0x81
)
