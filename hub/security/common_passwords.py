"""Words that people everywhere begin a password with, in English, Norwegian and Dutch, letters and digits only.

Our own list: names of seasons, days, months, teams, keyboard rows, and the words of this trade. Length does the rest.
"""

from __future__ import annotations

_KEYBOARD = "qwerty qwertyuiop qwertyuiopå asdfghjkl asdfghjkløæ zxcvbnm azerty 1q2w3e4r5t6y qazwsxedc qwerty123456"
_ENGLISH = (
    "password passwords passphrase letmein letmeinplease welcome welcomeback administrator iloveyou trustno "
    "changeme changemenow secret topsecret default football baseball superman princess sunshine whatever "
    "correcthorsebatterystaple mypassword thisispassword thisismypassword newpassword temporary temppassword "
    "spring summer autumn winter monday tuesday wednesday thursday friday saturday sunday january february april "
    "august september october november december hospital doctor invoice invoices claims healthcare kvitt kvittkvitt"
)
_NORWEGIAN = (
    "passord passordet mittpassord hemmelig hemmelighet velkommen velkommentil administrator sommer vinter høsten "
    "vår våren sommeren vinteren mandag tirsdag onsdag torsdag fredag lørdag søndag januar februar mars april juni "
    "juli august september oktober november desember norge oslo bergen trondheim stavanger klinikk klinikken "
    "sykehus sykehuset faktura fakturaer helse fotball jegelskerdeg"
)
_DUTCH = (
    "wachtwoord mijnwachtwoord wachtwoorden geheim geheimpje welkom welkomterug beheerder lente zomer herfst winter "
    "maandag dinsdag woensdag donderdag vrijdag zaterdag zondag januari februari maart april juni juli augustus "
    "september oktober november december nederland amsterdam rotterdam utrecht voetbal feyenoord huisarts "
    "huisartsen huisartsenpraktijk praktijk declaratie declaraties zorgverzekeraar ikhouvanjou"
)

COMMON = frozenset(f"{_KEYBOARD} {_ENGLISH} {_NORWEGIAN} {_DUTCH}".split())
