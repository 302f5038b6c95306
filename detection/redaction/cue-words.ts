/**
 * What a number is about, by the words around it. `told-by-phone`: it came over one. `digits`: some number is being dictated.
 * `last-four`: the end of a card's number, which may be shown. `harmless`: flights, rooms, orders, amounts, dates and the like.
 */
export type CueKind =
  "card" | "code" | "cvv" | "expiry" | "iban" | "id" | "phone" | "told-by-phone" | "digits" | "last-four" | "harmless";

export interface CuePhrase {
  readonly kind: CueKind;
  /** It says which number is meant; a weak one only names the thing. */
  readonly strong: boolean;
  readonly words: readonly string[];
}

/** Phrases of plain words: lower case, no accents; the longest that fits counts. `kind+`: strong. */
const PHRASES: readonly (readonly [kind: `${CueKind}${"" | "+"}`, phrases: string])[] = [
  [
    "code+",
    `code|codes|pass code|passcode|passcodes|pin|pins|pin number|password|passwords|otp|o t p|one time|one time code|verification number|security number|
    authorization number|authorisation number|access number|memorable number|token|six digits|6 digits|six digit|6 digit|four digits|4 digits|four digit|4 digit|last four digits|last 4 digits|last four|last 4|
    codigo|codigos|clave|claves|contrasena|contrasenas|nip|numero secreto|numero de seguridad|seis digitos|6 digitos|cuatro digitos|4 digitos|
    ultimos cuatro|ultimos 4|ultimos cuatro digitos|ultimos 4 digitos|seis cifras|cuatro cifras|verificacion`,
  ],
  [
    "harmless+",
    `zip code|zip codes|zip|zipcode|post code|postcode|postal code|area code|country code|dialling code|dialing code|dress code|source code|promo code|promotion code|discount code|coupon code|
    voucher code|bar code|barcode|error code|code of|code name|city code|order number|order id|order|tracking number|tracking|flight number|flight|flights|case number|case|
    reference number|reference|ref|ticket number|ticket|badge number|badge|invoice number|invoice|confirmation number|booking number|booking reference|model number|model|
    serial number|version|room number|room|extension|ext|page|floor|apartment|apt|suite|box|gate|platform|route|highway|bus|train|channel|chapter|section|form|building|street number|house number|
    street|address|addresses|avenue|road|year|date of birth|birthday|birth|born|how much|how many|how long|how old|what time|what year|which year|balance|price|amount|total|population|
    codigo postal|codigo de area|codigo de pais|codigo de descuento|codigo promocional|codigo de barras|codigo de error|numero de pedido|pedido|numero de seguimiento|numero de vuelo|vuelo|
    numero de caso|caso|expediente|numero de expediente|numero de referencia|referencia|numero de factura|factura|habitacion|extension|pagina|piso|apartamento|puerta|anden|
    autobus|tren|calle|avenida|direccion|domicilio|fecha de nacimiento|nacimiento|nacido|nacida|nacio|cuanto|cuantos|cuantas|que hora|que ano|saldo|precio|importe|total|edificio|portal`,
  ],
  [
    "card+",
    `card number|card numbers|card no|card is|cards number|numbers on the card|number on the card|number on your card|numbers on your card|number on my card|number of the card|number of your card|
    long number|long card number|sixteen digit|sixteen digits|16 digit|16 digits|sixteen digit number|front of the card|front of your card|number on the front|gift card number|gift card numbers|
    numero de tarjeta|numero de la tarjeta|numero de tu tarjeta|numero de su tarjeta|numero de mi tarjeta|numeros de la tarjeta|tarjeta es|dieciseis digitos|16 digitos|dieciseis cifras|numero largo`,
  ],
  ["card", "card|cards|cc|visa|mastercard|amex|american express|maestro|debit|credit|tarjeta|tarjetas|debito|credito"],
  [
    "last-four+",
    "ending in|ending with|ending|ends in|ends with|terminada en|terminado en|termina en|que termina en|acabada en|acaba en",
  ],
  [
    "cvv+",
    `cvv|cvv2|cvc|cvc2|c v v|c v c|cv2|csc|security code|three digits|3 digits|three digit|3 digit|three numbers|back of the card|back of your card|on the back|
    codigo de seguridad|tres digitos|3 digitos|tres cifras|tres numeros|al dorso|dorso|reverso|detras de la tarjeta|parte de atras|parte trasera`,
  ],
  [
    "expiry+",
    `expiry|expiry date|expiration|expiration date|exp date|exp|valid thru|valid through|valid until|month and year|expires|expire|expiring|
    caducidad|fecha de caducidad|vencimiento|fecha de vencimiento|fecha de expiracion|caduca|vence|valida hasta|mes y ano`,
  ],
  ["iban+", "iban|i b a n|swift"],
  [
    "id+",
    `account number|account numbers|account no|account is|sort code|sort codes|routing number|routing code|aba number|bank account|savings account number|checking account number|social security|social security number|social is|ssn|s s n|
    national insurance|national insurance number|passport|passport number|member id|member number|membership number|customer number|customer id|driver's license|drivers license|driver license|driving licence|driving license|
    license number|licence number|tax id|tax number|id number|id card|identity card|identity number|national id|nhs number|medicare|medicare number|medicaid|insurance number|policy number|patient number|
    numero de cuenta|cuenta bancaria|cuenta es|numero de la cuenta|seguridad social|numero de seguridad social|numero de la seguridad social|dni|d n i|nie|nif|curp|rfc|clabe|pasaporte|numero de pasaporte|cedula|numero de cedula|documento|
    numero de documento|numero de identidad|identificacion|numero de identificacion|numero de cliente|numero de socio|licencia de conducir|carnet de conducir|permiso de conducir|numero de afiliacion|numero de poliza`,
  ],
  ["id", "account|accounts|social|cuenta|cuentas"],
  [
    "phone+",
    `phone number|phone numbers|telephone number|telephone numbers|mobile number|mobile numbers|cell number|cell phone number|cellphone number|phone is|telephone is|mobile is|cell is|cell phone is|cellphone is|
    fax number|fax is|office number|office line|desk number|whatsapp number|contact number|call me|call you|call us|call back|call me back|call you back|callback|callback number|call back number|reach me|reach you|reach us|text me at|text me on|
    phone :|telephone :|tel :|mobile :|cell :|fax :|telefono :|movil :|celular :|dial|hotline|helpline|numero de telefono|numeros de telefono|numero de movil|numero de celular|numero de contacto|numero de la oficina|numero de oficina|numero de whatsapp|telefono es|movil es|celular es|
    llamame|llameme|llamarme|llamarte|llamarle|llamenos|llame al|llamar al|llama al|marque|marcar|marca el`,
  ],
  [
    "phone",
    `phone|phones|telephone|telephones|mobile|cell|cellphone|cell phone|whatsapp|fax|desk|call|calls|calling|called|text me|ring|ringing|
    telefono|telefonos|movil|celular|llamar|llamada|llamadas|llamo|llama|llame`,
  ],
  // Codes do, and numbers of accounts.
  ["told-by-phone", "text|texts|message|messages|answer|answering|answers|office|mensaje|mensajes|oficina"],
  ["digits", "digit|digits|numbers|number|digito|digitos|numero|numeros|cifras"],
];

function byFirstWord(): ReadonlyMap<string, readonly CuePhrase[]> {
  const table = new Map<string, CuePhrase[]>();
  for (const [name, phrases] of PHRASES) {
    const strong = name.endsWith("+");
    const kind = (strong ? name.slice(0, -1) : name) as CueKind;
    for (const phrase of phrases.split("|")) {
      const words = phrase.trim().split(" ");
      const list = table.get(words[0] ?? "") ?? [];
      list.push({ kind, strong, words });
      table.set(words[0] ?? "", list);
    }
  }
  for (const list of table.values()) list.sort((a, b) => b.words.length - a.words.length);
  return table;
}

export const CUE_PHRASES = byFirstWord();

const words = (text: string): ReadonlySet<string> => new Set(text.split(/\s+/));

/** Between two digits of one number. */
export const GAP_WORDS = words(
  `um uh uhm er erm eh ah hmm hm mm mhm and then so okay ok yes yeah yep right comma dash hyphen space next again
  y e este pues luego despues vale si bueno coma guion espacio ehm digamos`,
);

/** Beside a number that is said alone; no more. */
export const LEAD_WORDS = words(
  `it it's its is that's that this the my your a are here here's number numbers digit digits code pin password card account let me see wait sorry please sure well now first last after followed by
  got have i i've says say said reads there there's for you of was we go alright oh hello hi thanks thank sir madam ma'am done correct just only
  es el la los las lo mi tu su numero numeros digito digitos codigo clave tarjeta cuenta a ver espere espera perdon por favor seguro aqui tengo dice pone son primero ultimo que ya de acuerdo gracias senor senora`,
);

/** Between digits that are told one by one: `four point five`, `the first is four, the second is five`. */
export const ORDER_WORDS = words(
  `point dot slash colon the is digit number first second third fourth fifth sixth seventh eighth last one
  punto puntos barra el la es digito numero primero segundo tercero cuarto quinto sexto septimo octavo ultimo`,
);

/** Between a cue and the number that it is said of. */
export const LINK_WORDS = words(
  `is it it's its was are that's this that the a my your here here's number numbers digit digits says said reads would be um uh er erm well so like as follows i think
  i've got have they you me gave sent received which just now equals on in back card phone text message screen app email letter
  es era son seria la el lo los las mi tu su aqui numero numeros digito digitos dice pone pues este eh bueno creo que me han enviado enviaron mandaron dieron llego ha llegado recibi recibido
  en tarjeta telefono mensaje pantalla correo carta`,
);
/** Among those where `is` stands right before the number: `the PIN for my card is`. */
export const LINK_PREPOSITIONS = words("for of to from de del para por");
export const COPULAS = words("is it's that's was are es era son");
/** Right before what is given in an answer. */
export const GIVING_WORDS = words("it's that's says said reads dice pone");

/** In a line that asks for something. */
export const ASKING_WORDS = words(
  `what what's which read tell give say need confirm repeat spell enter provide share please
  que cual dime digame dame deme lea leame necesito confirme repita facilite puede puedes`,
);
/** In one that asks when, or how much. */
export const MOMENT_WORDS = words("when time date much many cuando hora fecha cuanto cuantos cuanta cuantas");

/** Behind a number that counts or measures. */
export const UNIT_WORDS = words(
  `dollar dollars buck bucks euro euros pound pounds quid peso pesos yen yuan won rupees rupee franc francs cent cents pence penny percent grand usd eur gbp mxn
  second seconds minute minutes hour hours day days week weeks month months year years o'clock am pm a.m p.m mile miles kilometer kilometers kilometre kilometres meter meters metres feet foot inches inch degrees
  people persons men women kids children times items pieces units shares points calls customers employees dozen copies bags boxes bottles tickets nights rooms guests seats stars gallons liters litres kilos grams
  dolar dolares libra libras centavos centimos ciento segundo segundos minuto minutos hora horas dia dias semana semanas mes meses ano anos kilometros metros grados personas veces noches puntos acciones entradas kilos gramos litros
`,
);

/** Behind the number of a house, with the street's name between. */
export const STREET_WORDS = words(
  "street st avenue ave road rd lane drive boulevard blvd court square highway way place suite calle avenida plaza paseo",
);

/** Before a number that is an amount, a time or a place. */
export const MONEY_MARKS = new Set(["$", "€", "£", "¥", "₩", "₹"]);
export const TIME_LEADS = words("at by around until till from past before after between since las hasta desde sobre");
export const MONTHS = words(
  `january february march april may june july august september october november december jan feb mar apr jun jul aug sep sept oct nov dec
  enero febrero marzo abril mayo junio julio agosto septiembre setiembre octubre noviembre diciembre`,
);
