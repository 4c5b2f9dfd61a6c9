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
BT-9|due date|forfallsdato|vervaldatum
BT-10|buyer reference|deres referanse|referentie van de koper
BT-11|project reference|prosjektreferanse|projectreferentie
BT-12|contract reference|kontraktsreferanse|contractreferentie
BT-13|purchase order reference|innkjøpsordrenummer|inkoopordernummer
BT-14|sales order reference|salgsordrenummer|verkoopordernummer
BT-15|receiving advice reference|mottaksbekreftelse|ontvangstbevestiging
BT-16|despatch advice reference|pakkseddel|pakbon
BT-17|tender reference|anbudsreferanse|aanbestedingsreferentie
BT-18|invoiced object|fakturert objekt|gefactureerd object
BT-19|buyer accounting reference|kjøpers konteringsstreng|boekhoudcode van de koper
BT-20|payment terms|betalingsbetingelser|betalingsvoorwaarden
BT-21|subject of the note|merknadens emne|onderwerp van de opmerking
BT-22|note|merknad|opmerking
BT-23|business process|forretningsprosess|bedrijfsproces
BT-24|specification identifier|spesifikasjonsidentifikator|specificatie-identificatie
BT-25|preceding invoice number|foregående fakturanummer|nummer van de eerdere factuur
BT-26|date of the preceding invoice|foregående fakturas dato|datum van de eerdere factuur
BT-27|seller name|selgers navn|naam van de verkoper
BT-28|seller trading name|selgers forretningsnavn|handelsnaam van de verkoper
BT-29|seller identifier|selgers identifikator|identificatie van de verkoper
BT-30|seller registration number|selgers organisasjonsnummer|registratienummer van de verkoper
BT-31|seller VAT number|selgers MVA-nummer|btw-nummer van de verkoper
BT-32|seller tax registration|selgers skatteregistrering|fiscale registratie van de verkoper
BT-33|seller legal information|selgers rettslige opplysninger|juridische gegevens van de verkoper
BT-34|seller electronic address|selgers elektroniske adresse|elektronisch adres van de verkoper
BT-35|seller street|selgers gateadresse|straat van de verkoper
BT-36|seller address line 2|selgers adresselinje 2|adresregel 2 van de verkoper
BT-37|seller city|selgers poststed|plaats van de verkoper
BT-38|seller postal code|selgers postnummer|postcode van de verkoper
BT-39|seller region|selgers region|regio van de verkoper
BT-40|seller country|selgers land|land van de verkoper
BT-41|seller contact|selgers kontaktpunkt|contactpunt van de verkoper
BT-42|seller telephone|selgers telefon|telefoon van de verkoper
BT-43|seller e-mail|selgers e-post|e-mail van de verkoper
BT-44|buyer name|kjøpers navn|naam van de koper
BT-45|buyer trading name|kjøpers forretningsnavn|handelsnaam van de koper
BT-46|buyer identifier|kjøpers identifikator|identificatie van de koper
BT-47|buyer registration number|kjøpers organisasjonsnummer|registratienummer van de koper
BT-48|buyer VAT number|kjøpers MVA-nummer|btw-nummer van de koper
BT-49|buyer electronic address|kjøpers elektroniske adresse|elektronisch adres van de koper
BT-50|buyer street|kjøpers gateadresse|straat van de koper
BT-51|buyer address line 2|kjøpers adresselinje 2|adresregel 2 van de koper
BT-52|buyer city|kjøpers poststed|plaats van de koper
BT-53|buyer postal code|kjøpers postnummer|postcode van de koper
BT-54|buyer region|kjøpers region|regio van de koper
BT-55|buyer country|kjøpers land|land van de koper
BT-56|buyer contact|kjøpers kontaktpunkt|contactpunt van de koper
BT-57|buyer telephone|kjøpers telefon|telefoon van de koper
BT-58|buyer e-mail|kjøpers e-post|e-mail van de koper
BT-59|payee name|betalingsmottakers navn|naam van de begunstigde
BT-60|payee identifier|betalingsmottakers identifikator|identificatie van de begunstigde
BT-61|payee registration number|betalingsmottakers organisasjonsnummer|registratienummer van de begunstigde
BT-62|tax representative name|representantens navn|naam van de fiscaal vertegenwoordiger
BT-63|tax representative VAT number|representantens MVA-nummer|btw-nummer van de fiscaal vertegenwoordiger
BT-64|tax representative street|representantens gateadresse|straat van de fiscaal vertegenwoordiger
BT-65|tax representative address line 2|representantens adresselinje 2|adresregel 2 van de fiscaal vertegenwoordiger
BT-66|tax representative city|representantens poststed|plaats van de fiscaal vertegenwoordiger
BT-67|tax representative postal code|representantens postnummer|postcode van de fiscaal vertegenwoordiger
BT-68|tax representative region|representantens region|regio van de fiscaal vertegenwoordiger
BT-69|tax representative country|representantens land|land van de fiscaal vertegenwoordiger
BT-70|name of the place of delivery|navn på leveringsstedet|naam van de ontvanger van de levering
BT-71|identifier of the place of delivery|leveringsstedets identifikator|identificatie van het afleveradres
BT-72|delivery date|leveringsdato|leverdatum
BT-73|period start|periodens start|begin van de periode
BT-74|period end|periodens slutt|einde van de periode
BT-75|delivery street|leveringsstedets gateadresse|straat van levering
BT-76|delivery address line 2|leveringsstedets adresselinje 2|adresregel 2 van het afleveradres
BT-77|delivery city|leveringsstedets poststed|plaats van levering
BT-78|delivery postal code|leveringsstedets postnummer|postcode van levering
BT-79|delivery region|leveringsstedets region|regio van levering
BT-80|delivery country|leveringsland|land van levering
BT-81|payment means code|betalingsmåte|betaalwijze
BT-82|payment means in words|betalingsmåte i tekst|betaalwijze in woorden
BT-83|payment reference (KID)|betalingsreferanse (KID)|betalingskenmerk (KID)
BT-84|payment account|betalingskonto|betaalrekening
BT-85|payment account name|betalingskontoens navn|naam van de betaalrekening
BT-86|bank of the payment account|betalingskontoens bank|bank van de betaalrekening
BT-87|card number|kortnummer|kaartnummer
BT-88|card holder|kortholder|kaarthouder
BT-89|mandate reference|mandatreferanse|mandaatkenmerk
BT-90|creditor identifier for direct debit|kreditors identifikator for direkte belastning|incassant-ID
BT-91|account to be debited|konto som belastes|af te schrijven rekening
BT-92|document allowance amount|rabattbeløp på dokumentet|kortingsbedrag op het document
BT-93|document allowance base amount|grunnlag for rabatt på dokumentet|grondslag van de korting op het document
BT-94|document allowance percentage|rabattprosent på dokumentet|kortingspercentage op het document
BT-95|document allowance VAT category|avgiftskategori for rabatt på dokumentet|btw-categorie van de documentkorting
BT-96|document allowance VAT rate|avgiftssats for rabatt på dokumentet|btw-tarief van de documentkorting
BT-97|document allowance reason|årsak til rabatt på dokumentet|reden van de korting op het document
BT-98|document allowance reason code|årsakskode til rabatt på dokumentet|redencode van de korting op het document
BT-99|document charge amount|gebyrbeløp på dokumentet|toeslagbedrag op het document
BT-100|document charge base amount|grunnlag for gebyr på dokumentet|grondslag van de toeslag op het document
BT-101|document charge percentage|gebyrprosent på dokumentet|toeslagpercentage op het document
BT-102|document charge VAT category|avgiftskategori for gebyr på dokumentet|btw-categorie van de documenttoeslag
BT-103|document charge VAT rate|avgiftssats for gebyr på dokumentet|btw-tarief van de documenttoeslag
BT-104|document charge reason|årsak til gebyr på dokumentet|reden van de toeslag op het document
BT-105|document charge reason code|årsakskode til gebyr på dokumentet|redencode van de toeslag op het document
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
BT-121|VAT exemption reason code|kode for fritaksgrunn|code van de btw-vrijstelling
BT-122|supporting document reference|vedleggsreferanse|verwijzing naar bijlage
BT-123|supporting document description|beskrivelse av vedlegget|omschrijving van de bijlage
BT-124|supporting document address|vedleggets nettadresse|webadres van de bijlage
BT-125|attached file|vedlagt fil|bijgevoegd bestand
BT-126|line identifier|linjenummer|regelnummer
BT-127|line note|merknad på linjen|opmerking bij de regel
BT-128|line object|objekt på linjen|object van de regel
BT-129|invoiced quantity|fakturert antall|gefactureerd aantal
BT-130|unit of quantity|måleenhet|eenheid
BT-131|line net amount|linjens nettobeløp|nettobedrag van de regel
BT-132|order line reference|ordrelinjenummer|orderregelnummer
BT-133|line accounting reference|linjens konteringsstreng|boekhoudcode van de regel
BT-134|line period start|linjeperiodens start|begin van de regelperiode
BT-135|line period end|linjeperiodens slutt|einde van de regelperiode
BT-136|line allowance amount|rabattbeløp på linjen|kortingsbedrag op de regel
BT-137|line allowance base amount|grunnlag for rabatt på linjen|grondslag van de korting op de regel
BT-138|line allowance percentage|rabattprosent på linjen|kortingspercentage op de regel
BT-139|line allowance reason|årsak til rabatt på linjen|reden van de korting op de regel
BT-140|line allowance reason code|årsakskode til rabatt på linjen|redencode van de korting op de regel
BT-141|line charge amount|gebyrbeløp på linjen|toeslagbedrag op de regel
BT-142|line charge base amount|grunnlag for gebyr på linjen|grondslag van de toeslag op de regel
BT-143|line charge percentage|gebyrprosent på linjen|toeslagpercentage op de regel
BT-144|line charge reason|årsak til gebyr på linjen|reden van de toeslag op de regel
BT-145|line charge reason code|årsakskode til gebyr på linjen|redencode van de toeslag op de regel
BT-146|net price|nettopris|nettoprijs
BT-147|price discount|prisrabatt|prijskorting
BT-148|gross price|bruttopris|brutoprijs
BT-149|price base quantity|prisens grunnantall|basisaantal van de prijs
BT-150|unit of the price base quantity|enhet for prisens grunnantall|eenheid van het basisaantal
BT-151|line VAT category|linjens avgiftskategori|btw-categorie van de regel
BT-152|line VAT rate|linjens avgiftssats|btw-tarief van de regel
BT-153|item name|varenavn|artikelnaam
BT-154|item description|varebeskrivelse|artikelomschrijving
BT-155|seller's item number|selgers varenummer|artikelnummer van de verkoper
BT-156|buyer's item number|kjøpers varenummer|artikelnummer van de koper
BT-157|standard item number|standard varenummer|standaard artikelnummer
BT-158|item classification|vareklassifisering|artikelclassificatie
BT-159|country of origin|opprinnelsesland|land van herkomst
BT-160|item property name|vareegenskapens navn|naam van de artikeleigenschap
BT-161|item property value|vareegenskapens verdi|waarde van de artikeleigenschap
BT-162|seller address line 3|selgers adresselinje 3|adresregel 3 van de verkoper
BT-163|buyer address line 3|kjøpers adresselinje 3|adresregel 3 van de koper
BT-164|tax representative address line 3|representantens adresselinje 3|adresregel 3 van de fiscaal vertegenwoordiger
BT-165|delivery address line 3|leveringsstedets adresselinje 3|adresregel 3 van het afleveradres
BG-1|invoice note|fakturamerknad|factuuropmerking
BG-2|process control|prosesstyring|processturing
BG-3|preceding invoice|foregående faktura|eerdere factuur
BG-4|seller|selger|verkoper
BG-5|seller address|selgers adresse|adres van de verkoper
BG-6|seller contact details|selgers kontaktopplysninger|contactgegevens van de verkoper
BG-7|buyer|kjøper|koper
BG-8|buyer address|kjøpers adresse|adres van de koper
BG-9|buyer contact details|kjøpers kontaktopplysninger|contactgegevens van de koper
BG-10|payee|betalingsmottaker|begunstigde
BG-11|tax representative|skatterepresentant|fiscaal vertegenwoordiger
BG-12|tax representative address|representantens adresse|adres van de fiscaal vertegenwoordiger
BG-13|delivery|levering|levering
BG-14|invoice period|fakturaperiode|factuurperiode
BG-15|delivery address|leveringsadresse|afleveradres
BG-16|payment instructions|betalingsopplysninger|betaalgegevens
BG-17|credit transfer|bankoverføring|overschrijving
BG-18|payment card|betalingskort|betaalkaart
BG-19|direct debit|direkte belastning|automatische incasso
BG-20|document allowance|rabatt på dokumentet|korting op het document
BG-21|document charge|gebyr på dokumentet|toeslag op het document
BG-22|document totals|dokumentets summer|totalen van het document
BG-23|VAT breakdown|avgiftsspesifikasjon|btw-specificatie
BG-24|supporting document|vedlegg|bijlage
BG-25|invoice line|fakturalinje|factuurregel
BG-26|line period|linjeperiode|regelperiode
BG-27|line allowance|rabatt på linjen|korting op de regel
BG-28|line charge|gebyr på linjen|toeslag op de regel
BG-29|price details|prisopplysninger|prijsgegevens
BG-30|line VAT|linjens merverdiavgift|btw van de regel
BG-31|item|vare|artikel
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
