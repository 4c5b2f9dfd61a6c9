"""Business terms of EN 16931-1 under the names people know, in three languages (names by us after the standard's)."""

from __future__ import annotations

_ROWS = """
BT-1|invoice number|fakturanummer|factuurnummer
BT-2|issue date|fakturadato|factuurdatum
BT-3|invoice type code|fakturatype|factuurtype
BT-5|invoice currency|fakturavaluta|factuurvaluta
BT-6|VAT accounting currency|valuta for merverdiavgift|valuta van de btw-boekhouding
BT-7|VAT point date|tidspunkt for merverdiavgift|btw-datum
BT-8|VAT point date code|kode for tidspunkt for merverdiavgift|code btw-datum
BT-10|buyer reference|deres referanse|referentie van de koper
BT-17|tender reference|anbudsreferanse|aanbestedingsreferentie
BT-18|invoiced object|fakturert objekt|gefactureerd object
BT-22|note|merknad|opmerking
BT-23|business process|forretningsprosess|bedrijfsproces
BT-24|specification identifier|spesifikasjonsidentifikator|specificatie-identificatie
BT-25|preceding invoice number|foregående fakturanummer|nummer van de eerdere factuur
BT-27|seller name|selgers navn|naam van de verkoper
BT-29|seller identifier|selgers identifikator|identificatie van de verkoper
BT-30|seller registration number|selgers organisasjonsnummer|registratienummer van de verkoper
BT-31|seller VAT number|selgers MVA-nummer|btw-nummer van de verkoper
BT-32|seller tax registration|selgers skatteregistrering|fiscale registratie van de verkoper
BT-34|seller electronic address|selgers elektroniske adresse|elektronisch adres van de verkoper
BT-40|seller country|selgers land|land van de verkoper
BT-44|buyer name|kjøpers navn|naam van de koper
BT-46|buyer identifier|kjøpers identifikator|identificatie van de koper
BT-48|buyer VAT number|kjøpers MVA-nummer|btw-nummer van de koper
BT-49|buyer electronic address|kjøpers elektroniske adresse|elektronisch adres van de koper
BT-55|buyer country|kjøpers land|land van de koper
BT-59|payee name|betalingsmottakers navn|naam van de begunstigde
BT-62|tax representative name|representantens navn|naam van de fiscaal vertegenwoordiger
BT-63|tax representative VAT number|representantens MVA-nummer|btw-nummer van de fiscaal vertegenwoordiger
BT-69|tax representative country|representantens land|land van de fiscaal vertegenwoordiger
BT-72|delivery date|leveringsdato|leverdatum
BT-73|period start|periodens start|begin van de periode
BT-74|period end|periodens slutt|einde van de periode
BT-80|delivery country|leveringsland|land van levering
BT-81|payment means code|betalingsmåte|betaalwijze
BT-83|payment reference (KID)|betalingsreferanse (KID)|betalingskenmerk (KID)
BT-84|payment account|betalingskonto|betaalrekening
BT-87|card number|kortnummer|kaartnummer
BT-89|mandate reference|mandatreferanse|mandaatkenmerk
BT-92|document allowance amount|rabattbeløp på dokumentet|kortingsbedrag op het document
BT-93|document allowance base amount|grunnlag for rabatt på dokumentet|grondslag van de korting op het document
BT-95|document allowance VAT category|avgiftskategori for rabatt på dokumentet|btw-categorie van de documentkorting
BT-97|document allowance reason|årsak til rabatt på dokumentet|reden van de korting op het document
BT-99|document charge amount|gebyrbeløp på dokumentet|toeslagbedrag op het document
BT-100|document charge base amount|grunnlag for gebyr på dokumentet|grondslag van de toeslag op het document
BT-102|document charge VAT category|avgiftskategori for gebyr på dokumentet|btw-categorie van de documenttoeslag
BT-104|document charge reason|årsak til gebyr på dokumentet|reden van de toeslag op het document
BT-106|sum of line amounts|sum av linjebeløp|som van de regelbedragen
BT-107|sum of allowances|sum av rabatter|som van de kortingen
BT-108|sum of charges|sum av gebyrer|som van de toeslagen
BT-109|total without VAT|sum uten merverdiavgift|totaal zonder btw
BT-110|total VAT|sum merverdiavgift|totaal btw
BT-111|total VAT in accounting currency|sum merverdiavgift i regnskapsvaluta|totaal btw in boekhoudvaluta
BT-112|total with VAT|sum med merverdiavgift|totaal met btw
BT-113|prepaid amount|forhåndsbetalt beløp|vooruitbetaald bedrag
BT-114|rounding amount|avrundingsbeløp|afrondingsbedrag
BT-115|amount due|beløp å betale|te betalen bedrag
BT-116|taxable amount|avgiftsgrunnlag|belastbaar bedrag
BT-117|VAT amount|avgiftsbeløp|btw-bedrag
BT-118|VAT category|avgiftskategori|btw-categorie
BT-119|VAT rate|avgiftssats|btw-tarief
BT-120|VAT exemption reason|fritaksgrunn for merverdiavgift|reden van btw-vrijstelling
BT-122|supporting document reference|vedleggsreferanse|verwijzing naar bijlage
BT-126|line identifier|linjenummer|regelnummer
BT-128|line object|objekt på linjen|object van de regel
BT-129|invoiced quantity|fakturert antall|gefactureerd aantal
BT-130|unit of quantity|måleenhet|eenheid
BT-131|line net amount|linjens nettobeløp|nettobedrag van de regel
BT-134|line period start|linjeperiodens start|begin van de regelperiode
BT-135|line period end|linjeperiodens slutt|einde van de regelperiode
BT-136|line allowance amount|rabattbeløp på linjen|kortingsbedrag op de regel
BT-137|line allowance base amount|grunnlag for rabatt på linjen|grondslag van de korting op de regel
BT-139|line allowance reason|årsak til rabatt på linjen|reden van de korting op de regel
BT-141|line charge amount|gebyrbeløp på linjen|toeslagbedrag op de regel
BT-142|line charge base amount|grunnlag for gebyr på linjen|grondslag van de toeslag op de regel
BT-144|line charge reason|årsak til gebyr på linjen|reden van de toeslag op de regel
BT-146|net price|nettopris|nettoprijs
BT-147|price discount|prisrabatt|prijskorting
BT-148|gross price|bruttopris|brutoprijs
BT-149|price base quantity|prisens grunnantall|basisaantal van de prijs
BT-150|unit of the price base quantity|enhet for prisens grunnantall|eenheid van het basisaantal
BT-151|line VAT category|linjens avgiftskategori|btw-categorie van de regel
BT-152|line VAT rate|linjens avgiftssats|btw-tarief van de regel
BT-153|item name|varenavn|artikelnaam
BT-157|standard item number|standard varenummer|standaard artikelnummer
BT-158|item classification|vareklassifisering|artikelclassificatie
BG-5|seller address|selgers adresse|adres van de verkoper
BG-8|buyer address|kjøpers adresse|adres van de koper
BG-12|tax representative address|representantens adresse|adres van de fiscaal vertegenwoordiger
BG-14|invoice period|fakturaperiode|factuurperiode
BG-16|payment instructions|betalingsopplysninger|betaalgegevens
BG-23|VAT breakdown|avgiftsspesifikasjon|btw-specificatie
BG-25|invoice line|fakturalinje|factuurregel
BG-26|line period|linjeperiode|regelperiode
BG-32|item property|vareegenskap|artikeleigenschap
"""


def _load() -> dict[str, dict[str, str]]:
    rows = (line.split("|") for line in _ROWS.strip().splitlines())
    return {term: {"en": en, "nb": nb, "nl": nl} for term, en, nb, nl in rows}


NAMES = _load()
"""Term id to its name by language."""


def named(term: str, language: str) -> str:
    """`invoice number (BT-1)`, with the first letter as it is."""
    return f"{NAMES[term][language]} ({term})"


def starting(text: str) -> str:
    """The text with its first letter in upper case."""
    return text[:1].upper() + text[1:]
