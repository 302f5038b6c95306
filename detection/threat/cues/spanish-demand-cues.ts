/** What is asked for, what speaks for an honest call, and how the other side takes it, in Spanish; in the notation of english-story-cues. */
export const SPANISH_DEMAND_CUES = `
request.code
  @ask ~3 @code
  @code ~4 @ask|digamelo|leamelo|dictemelo
  que|cual ~1 @code ~3 llego|llegado|mando|aparece|sale
  @ask ~3 numeros|digitos|numero ~3 mensaje|sms|llegado|llego|recibido|pantalla|atras
  que_codigo|me_los_va_leyendo|me_lo_dicta|me_lo_lee|me_los_lee|leamelos|me_los_dicta|pasame_los
  digitos|numeros ~4 cuales_son|cuales
  lea|leame|digame|dime ~2 codigos|numeros
request.pin
  @ask|introduzca|ingrese|teclee|marque ~3 @pin
  @pin ~3 @ask
  con_su_pin|con_el_pin
request.card
  @ask ~3 @cardnum
  @ask ~3 @cvv
  @cvv ~2 por_favor|tambien
  @cardnum ~3 por_favor
  lea|digame|leame ~3 numero|numeros ~3 @card|atras|delante
  viene_por_delante|tarjeta_a_la_mano|tarjeta_en_la_mano
  tenga|coja|saque|tome|busque ~2 @card
  tres ~1 digitos|numeros|numeritos ~2 atras|reverso
request.account
  @ask ~3 @acctnum
  que|cual ~1 banco ~2 tiene|trabaja|usa
  cuanto ~2 tiene ~2 cuenta|banco|total|ahorrado
  cuanto_dinero_tiene|cuanto_saldo
request.id
  @ask|lea|leame ~4 @id
  @id ~2 por_favor|despacito
  foto|copia|fotografia ~2 dni|ine|cedula|documento|pasaporte|identificacion
request.transfer
  deposit*|transfier*|mande* ~3 @money
  @send ~4 @safeacct
  @safeacct
  @must ~3 @send ~4 @money|@wire|cuenta|diferencia|todo|saldo
  haga|hagame|hazme|haz|realice ~2 transferencia|deposito|bizum|giro|ingreso
  transfiera|transfieranos|mandeme|mandame|depositele|deposite|depositame|depositale ~4 @money|cuenta|@wire|ahorros|todo
  a_la_cuenta_que|al_numero_que|cuenta_que_le|cuenta_que_te|le_paso_el_numero|le_doy_el_numero_de_cuenta|te_paso_la_cuenta|le_paso_la_cuenta
  devuelva|devolvernos|regrese ~4 @money|diferencia|resto|sobrante
  @wire
  @money ~2 depositad*
request.lend
  prestar|prestame|prestes|presteme|prestarme ~3 @money|me|para
  me ~1 puedes|podrias|puede ~2 prestar|mandar|hacer|transferir|depositar|pagar
  te_lo ~1 devuelvo|pago
request.gift
  @buy ~4 @gift
  @gift ~3 @buy|pagar|pago|numeros|codigos|codigo|atras|raspar
  rasque|raspe|raspar|rascar
  codigos ~2 tarjetas|atras
  pagar|paga|paguen ~3 @gift
  vaya|ve|acuda ~2 tienda|supermercado|oxxo|estanco|farmacia ~5 @gift|@buy|deposit*
  me_mandas_los_codigos|me_manda_los_codigos|leame_los_codigos|leerme_los_codigos
request.crypto
  @send|@buy|pagar|deposit*|convertir|mande|comprar ~4 @crypto
  @crypto ~3 @send|cajero|direccion|deposit*
  por_adelantado_en ~2 @crypto
  @fee|comision ~4 @crypto
request.cash
  @atm ~4 @money|ahorros|efectivo
  @money|joyas|tarjeta ~3 @collect
  @courier ~3 @collect
  @collect ~3 @money|@card|sobre|joyas
  meta|ponga|metala|metalo ~3 sobre|bolsa|caja
  junte|reuna|consiga ~2 @money|efectivo
  en_efectivo
request.remote
  @remote
  @install ~3 aplicacion|programa|app|software
  @keys
  acceder|conectar*|entrar|controlar|acceso ~2 @computer
  encienda|prenda|prendala|prendalo|sientese ~2 @computer|delante
  oprima|presione|pulse ~2 tecla|boton ~2 windows
  deje|dejeme|permitame ~2 conectar*|acceder|entrar|pasar
request.link
  entre ~2 ponga|rellene ~3 datos|tarjeta
  @click ~3 @link
  @link ~3 enviado|envie|mando|mande ~4 abra|pulse|entre|ponga
  rellene|llene ~2 datos|formulario
request.pay
  @must|puede|debe ~3 @pay ~4 ahora|hoy|inmediat*|tarjeta|telefono|@fee|multa|fianza|@money
  @pay ~3 con_tarjeta|por_telefono|ahora_mismo
  @pay ~2 @bail|@fee|multa|tasa
  @bail ~3 @money|pagar
  @money ~2 para ~2 fianza|abogado|visa|tasa|multa|vuelo
  necesito|necesita|piden|pide|quieren|quiero ~2 @money ~4 hoy|ahora|antes|fianza|para|media_hora
  tomar_un_pago|pago_de_emergencia|deposito_minimo|deposito_inicial|se_deja_una_garantia|garantia_de
  se_empieza_con|mete ~2 @money
  rescate
pretext.press-key
  marque|pulse|oprima|presione ~2 uno|1|dos|2|nueve|9
  devuelva ~1 llamada
request.approve
  acept*|aprueb*|autoric* ~3 @prompt
  @prompt ~3 acept*|aprueb*|autoric*
  marque ~1 asterisco|gato
request.override
  @bypass
  puede|podria|necesito_que|por_favor|solo|quiero_que ~2 @reset ~3 @contactinfo
  cambi*|pong*|pase ~2 correo|numero|telefono|mi_numero ~3 nuevo|nueva|sim|chip|cuenta|ahi
  sin ~1 pin|firma|verificar|preguntas|autorizacion|segunda_firma
  salt*|omit* ~2 preguntas|pasos|verificacion|firma
  no ~1 tengo|recuerdo|acuerdo|se ~2 @pin|clave|respuesta
  ni_idea|por_esta_vez|clave_temporal
  otra|otro ~1 tarjeta|cuenta ~3 dicto|reembolso
  activar ~2 chip|sim
request.data
  @ask|busque|busca|consulte ~3 @customerdata
  @customerdata
  @ask|envieme|paseme ~3 @internal
  que|cual ~1 sistema|programa|version|crm|vpn|antivirus ~2 usan|utilizan|tienen|manejan
  quien ~2 autoriza|aprueba ~2 accesos|pagos
  @ask|busque|busca ~2 direccion|telefono|correo|saldo|domicilio|calle|celular ~3 cliente|titular|esposa|exmujer|ella
  a_que_direccion|el_telefono_que_dejo|donde_vive|que_calle_tiene
  lista|listado ~1 de ~1 clientes|empleados|cuentas|pacientes
not.protect
  no|nunca|jamas ~2 @give|diga|entregue|facilite|comparta|compartas|de|dar ~3 @code|@pin|@cvv|@cardnum|@id
  no|nunca|jamas ~2 pedir*|pedimos|pediremos|solicit* ~3 @code|@pin|@cvv|@cardnum|@id|contrasena|datos|dinero|ni
  no|nunca ~1 necesito|necesitamos ~2 ningun|@pin|@code|@cvv|datos
  no|nunca ~1 comparta|compartas ~2 nadie|con_nadie
  tenga_cuidado|cuidado ~3 @scamword|llamadas
not.urgent
  no|sin|nada ~1 prisa|urgente|urgencia
  con_calma|cuando_pueda|cuando_quiera|cuando_puedas|no_corre_prisa|sin_prisa|no_hay_prisa|sin_compromiso
honest.callback
  @official
  llame|llamar|llamenos|marque ~3 numero_de_siempre|tarjeta|plastico|recibo|carta|atencion_al_cliente
  cuelgue ~2 llame
honest.noaction
  @noaction
honest.service
  @service
  llamada|llamadas ~2 grabada|grabando|grabamos ~3 calidad
honest.appointment
  @appointment
honest.letter
  @letter
honest.plan
  @plan
honest.optout
  @optout
  otro|mejor|buen|mal ~1 momento
  que_tenga_buen|que_tenga_un_buen|que_pase_buen|gracias_por_su_tiempo|que_le_vaya_bien|perdone_la_molestia
honest.survey
  @survey
honest.customer
  quiero|queria|quisiera|llamaba|necesito|me_gustaria|quisiera ~2 saber|consultar|preguntar|pedir|reservar|cancelar|cambiar|devolver|informacion|contratar|renovar|reclamar|hablar|abrir|bloquear*
  tengo_una_duda|tengo_una_consulta|perdi_mi|he_perdido_mi|mi_pedido|mi_factura|mi_reserva|mi_vuelo|me_llego_una_carta|me_cobraron
honest.help
  dejeme_ver|dejeme_revisar|dejeme_comprobar|permitame_un_momento|un_momento_por_favor|ya_esta_hecho|ya_quedo|puedo_ayudarle_en_algo|con_mucho_gusto|no_se_retire|gracias_por_esperar|ya_esta_actualizad*
honest.social
  como_estan_los_ninos|y_los_ninos|como_has_estado|feliz_cumpleanos|un_beso|un_abrazo|te_quiero|nos_vemos|saludos_a|como_te_fue
  comida|cena|desayuno|fiesta|bautizo|boda|cine|partido|paella|asado ~4 domingo|sabado|viernes|manana|juntos|vamos
  tiempo_que_hace|vacaciones|escuela|tarea|futbol|receta
honest.reported
  @crook ~3 llam*|diciendo|dicen|piden|pide|suplant*
  llaman|llamaron|llamo ~2 diciendo|diciendome|un_hombre|una_mujer|haciendose
  me|nos ~1 dijo|dijeron|pidio|pidieron
  me|le|la|lo ~1 estafad*|enganad*|estafaron|enganaron|timaron
  la_estafa_de|le_hicieron_la_estafa|una_estafa_por
other.suspicion
  @scamword
  como_se_que|como_puedo_saber|es_de_verdad|suena_raro|no_me_fio|no_le_creo|no_te_creo|muy_raro
  no ~1 @trust
  voy_a_llamar|prefiero_llamar|mejor_llamo|dejeme_llamar ~2 banco|policia|hijo|hija|yo|sucursal|oficina
  por_que_necesita|para_que_quiere|por_que_me_pide|para_que_necesita
other.refuse
  no ~1 voy_a_dar|quiero_dar|le_doy|se_lo_voy_a_dar|puedo_hacer_eso|puedo_decir
  me_niego|dejeme_en_paz|no_me_llame|voy_a_colgar|no_estoy_autorizad*|va_contra|no_me_permiten|no_se_si_debo|no_puedo_proporcionar
other.fear
  @fear
other.unaware
  no ~1 hice|hecho|he_hecho|reconozco|he_comprado|compre|pedi|he_pedido ~3 @txn|eso|nada|ningun*|@parcel
  yo_no_fui|no_fui_yo|no_debo|ya_pague|nadie_me_aviso|no_vi_ninguno|yo_no_pedi
other.comply
  el_codigo_es|la_clave_es|me_sale|me_aparece|ya_me_llego|me_ha_llegado|ya_me_salio
  estoy_en_la_tienda|estoy_en_el_cajero|ya_las_compre|ya_lo_instale|se_esta_descargando|ya_lo_abri|ya_transferi|ya_lo_envie
  y_ahora_que|que_hago_ahora|que_pulso|voy_por_la_tarjeta|voy_por_ella|deje_que_busque|busco_las_gafas|que_tengo_que_hacer|digame_que_hago|en_cual_tienda
digits.read
`;
