"""The workspace that the simulator starts with: a small lab, its channels, and one app."""

from dojobbot.simulator.slack_api.people import Channel, User, UserGroup

TEAM_ID = "T0DOJOLAB1"
TEAM_NAME = "Example Lab"
TEAM_DOMAIN = "example-lab"
PARTNER_TEAM_ID = "T0PARTNER1"

APP_ID = "A0DOJOBBOT"
BOT_ID = "B0DOJOBBOT"
BOT = "U0DOJOBBOT"
SLACKBOT = "USLACKBOT"

ADA = "U0ADAOSEI1"
BORIS = "U0BORISLI1"
CHEN = "U0CHENWEI1"
DALIA = "U0DALIAHA1"
EMEKA = "U0EMEKAOB1"
FATIMA = "U0FATIMAZ1"
MALLORY = "U0MALLORY1"

GENERAL = "C0GENERAL1"
CHEMISTRY = "C0CHEMIST1"
BOARD = "C0BOARD001"
RANDOM = "C0RANDOM01"
PARTNERS = "C0PARTNER1"

ADMINS = "S0ADMINS01"

USERS: tuple[User, ...] = (
    User(ADA, "ada", "Ada Osei", "ada@example.org", "Europe/Paris"),
    User(BORIS, "boris", "Boris Lindqvist", "boris@example.org", "Europe/Stockholm"),
    User(CHEN, "chen", "Chen Wei", "chen@example.org", "America/New_York", is_admin=True),
    User(DALIA, "dalia", "Dalia Haddad", "dalia@example.org", "Asia/Beirut", is_restricted=True),
    User(EMEKA, "emeka", "Emeka Obi", None, "Africa/Lagos", PARTNER_TEAM_ID, is_stranger=True),
    User(FATIMA, "fatima", "Fatima Zahra", "fatima@example.org", "Africa/Casablanca", deleted=True),
    User(MALLORY, "mallory", "mallory", "mallory@example.org", "Etc/UTC", is_email_confirmed=False),
    User(BOT, "dojobbot", "dojobbot", is_bot=True),
    User(SLACKBOT, "slackbot", "Slackbot"),
)

CHANNELS: tuple[Channel, ...] = (
    Channel(GENERAL, "general", "public", frozenset({ADA, BORIS, CHEN, DALIA, MALLORY, BOT})),
    Channel(CHEMISTRY, "lead-chemistry", "private", frozenset({ADA, BORIS, CHEN, BOT})),
    Channel(BOARD, "board", "private", frozenset({ADA, CHEN})),
    Channel(RANDOM, "random", "public", frozenset({ADA, BORIS, CHEN, MALLORY})),
    Channel(PARTNERS, "with-partner", "public", frozenset({ADA, BORIS, EMEKA, BOT}), is_ext_shared=True),
)

GROUPS: tuple[UserGroup, ...] = (UserGroup(ADMINS, "job-admins", (CHEN,)),)

EVENTS: frozenset[str] = frozenset({"app_home_opened"})
"""The events that the app of this project subscribes to, as its scopes are those below."""

SCOPES: frozenset[str] = frozenset(
    {
        "channels:history",
        "channels:read",
        "chat:write",
        "commands",
        "files:write",
        "groups:history",
        "groups:read",
        "im:history",
        "im:read",
        "im:write",
        "mpim:history",
        "mpim:read",
        "usergroups:read",
        "users:read",
        "users:read.email",
    }
)
