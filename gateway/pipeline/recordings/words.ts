/** Small dictionaries for summaries without a model, English and Spanish together: a word of one is seldom one of the other. */

const list = (words: string): ReadonlySet<string> => new Set(words.split(/\s+/));

/** Words that say nothing about what a call is about. */
export const STOP_WORDS = list(
  `a an the and or but if then so as at by for from in into of on to up with is are was were be been am do does did done
  have has had i you he she it we they me him her us them my your his its our their this that these those there here what
  which who when where why how not no yes yeah ok okay oh um uh well just like can could will would should may might let
  get got go going know think say said see one really very much more some any all please thank thanks hello hi bye good
  morning afternoon want need sir madam right sure fine actually maybe also too
  el la los las un una unos unas y o pero si sí que de del al a en con por para es son era eran ser soy está están estoy
  he ha han había yo tú usted él ella nosotros ellos ustedes me te se le lo les nos mi su sus tu este esta esto ese esa
  eso aquí ahí allí no ya muy más también bien bueno vale gracias hola adiós buenos buenas días tardes favor quiero
  necesito tengo tiene puede puedo hacer hay como cómo qué cuál cuando cuándo dónde`,
);

export const POSITIVE = list(
  `good great excellent perfect happy glad pleased thanks thank appreciate helpful wonderful awesome amazing love nice
  resolved solved works working fixed satisfied easy friendly fantastic
  bueno buena genial excelente perfecto perfecta feliz contento contenta gracias agradezco encantado encantada resuelto
  solucionado funciona amable fácil maravilloso satisfecho satisfecha`,
);

export const NEGATIVE = list(
  `bad terrible awful horrible angry upset annoyed frustrated frustrating disappointed disappointing unacceptable wrong
  broken fail failed failing failure problem problems issue issues complaint complain unhappy worst useless hate late delay
  delayed never lost missing error errors cancel refund worried ridiculous rude scam fraud overcharged slow
  malo mala terrible horrible enojado enojada enfadado enfadada molesto molesta frustrado frustrada decepcionado
  decepcionada inaceptable mal roto rota falla fallo fallos problema problemas queja reclamo reclamación peor inútil
  odio tarde retraso nunca perdido falta error errores cancelar reembolso preocupado preocupada ridículo estafa fraude
  lento`,
);

/** Said by whoever is angry too. */
export const GREETINGS: ReadonlySet<string> = new Set([
  ...["good morning", "good afternoon", "good evening", "good night", "good day", "good bye", "nice day", "great day"],
  ...["good one", "nice weekend", "buenos días", "buen día", "buenas tardes", "buenas noches", "bueno adiós"],
]);

/** Turns the next three words round. */
export const NEGATIONS = list(
  `not no never don't doesn't didn't isn't wasn't can't won't nothing without tampoco ni sin nunca jamás`,
);

/** Topics as a CRM names them, and what is said in such calls. The first of those with most words wins. */
export const TOPICS: readonly (readonly [topic: string, words: ReadonlySet<string>])[] = [
  [
    "Billing",
    list(`bill bills billing invoice invoices charge charged charges payment payments refund overcharged fee fees price
    balance factura facturas cobro cobros cargo cargos pago pagos reembolso saldo tarifa recibo`),
  ],
  [
    "Sales Inquiry",
    list(`buy purchase order quote offer offers discount plan plans product products upgrade demo pricing interested
    catalogue catalog comprar compra pedido presupuesto oferta ofertas descuento producto productos interesado interesada
    contratar cotización`),
  ],
  [
    "Technical Support",
    list(`internet router modem wifi network connection install installation software app update crash reboot restart
    password login screen device printer server outage signal conexión red instalar aplicación actualizar reiniciar
    contraseña pantalla dispositivo impresora servidor señal técnico avería`),
  ],
  ["Cancellation", list(`cancel cancellation terminate unsubscribe close cancelar cancelación baja rescindir`)],
  [
    "Delivery",
    list(`delivery deliver delivered shipping shipment package parcel courier tracking address arrive arrived entrega
    entregar envío paquete mensajero seguimiento dirección llegar llegado`),
  ],
  [
    "Appointment",
    list(`appointment schedule reschedule booking book reservation calendar visit slot cita agendar reprogramar reserva
    reservar calendario visita horario`),
  ],
  [
    "Complaint",
    list(`complaint complain unacceptable manager supervisor escalate disappointed angry rude queja reclamo reclamación
    inaceptable gerente supervisor decepcionado enojado enojada`),
  ],
  [
    "Account Access",
    list(`account locked unlock username verify verification identity access reset cuenta bloqueada bloqueado desbloquear
    usuario verificar verificación identidad acceso restablecer`),
  ],
];
export const OTHER_TOPIC = "Customer Support";
/** Where nobody said anything, or nothing was understood: a topic would be made up. */
export const NO_TOPIC = "No Speech";

/** What somebody promises or asks to be done. Matched on one sentence, lower case. */
export const ACTIONS: readonly RegExp[] = [
  /\b(?:i|we)(?:'ll| will| am going to| are going to|'m going to|'re going to)\s+(?!be\b|have\b|not\b)\w+/u,
  /\b(?:please|could you|can you|would you)\s+(?:send|call|check|email|confirm|update|fix|resend|cancel|transfer|open|schedule|refund|review)\b/u,
  /\b(?:you|we|i) (?:need|have) to\s+\w+/u,
  /\b(?:le|te|les|se lo|lo|la) (?:enviaré|enviaremos|llamaré|llamaremos|mandaré|mandaremos|confirmaré|confirmaremos)(?!\p{L})/u,
  /\b(?:voy a|vamos a)\s+\p{L}+/u,
  /\b(?:por favor)\s+(?:envíe|envíeme|llame|llámeme|revise|confirme|mande|mándeme|cancele|actualice)(?!\p{L})/u,
  /\b(?:hay que|tiene que|tenemos que|debe|debemos)\s+\p{L}+/u,
];
