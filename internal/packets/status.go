package packets

// Values of NetworkStatus.Status.
const (
	StatusConnect    uint8 = 1
	StatusAccepted   uint8 = 2
	StatusDisconnect uint8 = 3
	StatusServerDead uint8 = 4
)

// Values of LoginReply.Result. The client shows a text of its own for each.
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

// Values of MoveToggleRequest.Kind: each switches the state it names.
const (
	ToggleRun   uint8 = 0
	ToggleSit   uint8 = 1
	ToggleDrive uint8 = 2
)

// Values of MoveToggle.Kind: the state that the entity is now in.
const (
	ToggledSit   uint8 = 1
	ToggledWalk  uint8 = 2
	ToggledRun   uint8 = 3
	ToggledDrive uint8 = 4
)
