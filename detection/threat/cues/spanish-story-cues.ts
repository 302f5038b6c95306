/** Who says that he calls, the pretext and the pressure, in Spanish; in the notation of english-story-cues. */
export const SPANISH_STORY_CUES = `
claim.bank
  @iam ~5 @frauddept
  @frauddept ~4 @bank|@bankname
  @bank|@bankname ~4 @frauddept
  @iam ~4 @bank|@bankname
  @frauddept
  tarjeta|tarjetas|banca|digital|cliente|clientes ~1 seguridad|operaciones|proteccion ~3 @bank|@bankname|departamento|area|equipo
claim.police
  @iam ~4 @police
  @iam ~4 @court
  @police ~2 placa|de_la_policia|judicial|federal|nacional
claim.tax
  @taxorg
claim.government
  @iam ~4 @gov
claim.tech
  @iam ~5 @techco
  @iam ~5 @techdept
  @techdept ~3 @techco
  servidor|seguridad|soporte ~2 correo|whatsapp|windows|informatica
claim.provider
  @iam|su ~4 operadora|compania_telefonica|proveedor_de_internet|compania_de_telefono|compania_de_internet|fibra
claim.parcel
  @iam ~4 @parcelco
  empresa|servicio|departamento|centro ~2 mensajeria|paqueteria|envios|clasificacion
claim.utility
  @iam|su ~3 compania|empresa|distribuidora|comercializadora|suministro ~2 @utility
  compania|empresa|distribuidora ~1 @utility
  facturacion|cobranza|cobros ~2 @utility|suministro
claim.company
  @iam ~3 empresa|compania|oficina|servicio|departamento|equipo|agencia|centro|area|fundacion
  representante|asesor|asesora|gestor|gestora|ejecutivo|ejecutiva|tecnico|consultor ~2 de
  en_nombre_de|de_parte_de
  le_llamo_de|te_llamo_de|le_hablo_de|le_hablamos_de|le_llamamos_de|le_marco_de
claim.family
  soy_yo|soy_tu|soy_su|habla_tu ~2 @family
  @family ~2 soy_yo|soy_tu
  reconoces|conoces|reconoce ~2 voz
  hola +@family
  adivina_quien|no_sabes_quien|tu_nieto|tu_nieta|tu_sobrino|tu_sobrina|tu_consentida|tu_consentido
  este ~1 numero_nuevo|nuevo_numero
claim.intermediary
  abogado|abogada|licenciado|licenciada|doctor|doctora|enfermera|agente|policia|comandante ~3 de ~1 su|tu ~1 @family
  abogado|abogada ~2 oficio|defensor
  amigo|amiga ~1 de ~1 su|tu ~1 @family
claim.invest
  asesor|asesora|gestor|gestora|analista|corredor|experto|consultor ~2 financier*|inversion|inversiones|trading|bolsa
  plataforma|fondo|casa|firma ~2 inversion|inversiones|trading|bolsa|corretaje
claim.employee
  @iam ~3 @colleague
  trabajo|tambien_trabajo ~3 misma_empresa|esta_empresa|sucursal
  @iam ~2 director|directora|gerente_general|presidente|dueno
  monitoreo_de_calidad|control_de_calidad|auditoria_interna|proveedor_de_informatica
claim.prize
  loteria|sorteo|premios|promociones|concurso ~2 departamento|oficina|area|nacional|comision|internacional
  departamento|oficina|area ~2 premios|promociones|sorteos
claim.charity
  @charity ~3 llamo|llamamos|ayuda|apoyo|victimas|ninos
pretext.fraud-alert
  @txn ~2 @unusual
  @unusual ~2 @txn
  @someone ~3 @misuse ~5 @account|@card|@money|identidad|nombre|datos|prestamo|credito
  @account|@card|datos|identidad|plastico ~3 usad*|clonad*|robad*|comprometid*|hackead*|vulnerad*|filtrad*|copiad*|involucrad*|implicad*|duplicad*|afectad*
  clonar*|clonad*|copiar|copiad*|duplicad* ~4 @card|cajero
  reconoce|realizo|ha_realizado|autorizo|ha_autorizado|hizo_usted ~3 @txn|@money|esa|ese
  lo_hizo_usted|fue_usted|lo_autorizo|lo_reconoce|la_reconoce|los_reconoce|si_usted_no_la|si_usted_no_lo|si_no_fue_usted|lo_ha_hecho_usted|usted_lo_autorizo|ha_sido_usted
  hemos_detectado|detectamos|se_detecto|se_ha_detectado|nos_aparece|registramos ~4 @txn|@unusual
  @device ~4 registr*|agreg*|vincul*|dad*
  registr*|agreg*|vincul* ~3 @device
  @empty ~3 @account|@money|todo
  prestamo|credito ~3 a_su_nombre|con_sus_datos
  transferencia|bizum|pago|cargo|disposicion ~4 pendiente|en_curso|sale_en|se_haga_efectiv*
pretext.account-problem
  @account|@card|linea|acceso|servicio|banca|aplicacion ~3 @blocked
  @blocked ~3 @account|@card|acceso|servicio|banca
  problema|incidencia|inconveniente ~2 con ~1 su ~1 @account|@card|correo
  @account|dinero|ahorros ~2 en_riesgo|en_peligro|peligro
  datos ~2 actualizad*|desactualizad*
pretext.legal
  @legal
  bajo ~1 investigacion
  investiga* ~3 fraude|su_nombre|contra|usted|lavado
  denuncia|demanda|cargos|proceso|causa ~3 abierto|abierta|contra|interpuesta|su_nombre|penal|judicial
  identidad|nombre|datos ~4 delito|delitos|crimen
  citado|citada|citatorio ~4 testigo|acudio|presento|fiscalia|juez
  ignoro|ignorado ~2 avisos|cartas|notificaciones
pretext.contraband
  @drugs
  @parcel ~6 @drugs|ilegal|ilegales
pretext.debt
  @debt ~4 @money|@tax|recibo|factura|cuenta|@fee|multa|cuota
  @money|@tax|recibo|factura|multa|cuota ~2 @debt
  usted ~1 debe
  multa|sancion|recargo ~3 @money|impagad*|pendiente
  ingresos_sin_declarar|sin_declarar|no_declarado
  factura|facturas|recibo|pago ~3 devuelt*|rechazad*|no_paso
pretext.virus
  @virus ~4 @computer|@account|archivos|datos|correo
  @computer|archivos|correo ~5 @virus
  @ipaddr
  @computer|correo ~3 enviando|reportando|mostrando|mandando|manda ~3 errores|alertas|error|avisos|mensajes
  metido_en_su|dentro_de_su_maquina|dentro_de_su_equipo
pretext.refund
  @refund ~4 @money|derecho|corresponde|tramitar|procesar|toca
  derecho|corresponde|toca ~3 @refund
  de_mas|por_error|un_cero|equivocad* ~3 @money|cero|devolver|ingresado|abonado
  cobrado_de_mas|cobramos_de_mas
pretext.renewal
  @renew ~4 @money|cobrar*|automatic*|hoy|vence|caduca
  cargado|cobrado|cobrar*|cargar* ~4 @money|@renew
pretext.parcel
  @parcel ~4 @held
  @held ~3 @parcel
  @parcel ~4 incomplet*|@fee|incorrect*
  @parcel ~3 a_su_nombre
  maletas|equipaje ~3 aduana|detuv*|reten*
  franqueo ~3 falta|pendiente
pretext.accident
  tuve|tuvo|he_tenido|ha_tenido|sufrio|esta|estoy|me|lo|la|nos ~3 @accident
  @family ~5 @accident
  @accident ~4 @family
  atropelle|choque|choco|me_detuvieron|lo_detuvieron|lo_tienen_detenid*|nos_llevaron_a_todos
pretext.hospital
  tuve|tuvo|esta|estoy|me|lo|la|hay_que ~3 @hospital
  @family ~5 @hospital
pretext.prize
  @bigwin
  ha_ganado|gano|ganaste|has_ganado|se_gano ~3 @money|premio|viaje|coche|carro|pantalla|telefono|un|una|el|sorteo
  felicidades|enhorabuena ~4 @win|ganado|gano|seleccionad*|premio
  seleccionad*|elegid*|premiad* ~3 @benefit|recibir|gratis|clientes|edad
  reclamar|cobrar|canjear* ~3 premio|@money|puntos
  preaprobad*|preautorizad*|ya_la_tiene_aprobada
  viaje_gratis|totalmente_gratis|premio_mayor
  puntos ~3 acumulad*|vencen|caducan
pretext.invest
  @invest ~4 @profit|@crypto|@guarantee
  @profit ~4 @invest|@guarantee|@crypto
  @crypto ~4 @profit|@invest|oportunidad
  @profit ~2 mes|semana|dia|mensual*|semanal*|diari*
  ganar|gane|ganan|generar|ganando ~4 @money|ciento ~4 semana|mes|dia
  duplica*|triplica*|cinco_veces ~3 @money|capital|pusieron|inversion
  preventa|salir_al_mercado|informacion_privilegiada|nuestra_plataforma|la_plataforma
pretext.code-sent
  envi*|mand*|lleg*|recib*|entra ~3 @code
  @code ~3 enviado|llegado|recibido|sms|por_error|por_equivocacion|llego|llega
  mensaje|mensajito|sms ~3 numeros|codigo|digitos|clave
  por_error|por_equivocacion ~4 @code|tu_numero|su_numero
pretext.confirm-you
  saber|verificar|comprobar|confirmar|asegurarme ~3 que_es_usted|que_eres_real|que_es_real|el_titular|su_identidad|su_telefono|tu_telefono
pretext.romance
  @love ~8 @romneed
  plataforma_petrolera|mision_de_paz|en_la_base|sitio_de_citas|nos_casamos|nuestra_casita|nuestro_futuro
  conocimos|nos_conocimos ~3 internet|facebook|instagram|linea|aplicacion|redes
pretext.hardship
  @excuse
  telefono|celular|cartera|pasaporte|movil|chip ~2 perdi|perdido|robaron|rompio|roto|cayo
  perdi|robaron|rompio|quemaron ~2 telefono|celular|cartera|pasaporte|movil|papeles
  no ~1 puedo|pude ~2 entrar|acceder ~3 cuenta|banco|correo|telefono
  no_me_dejan|no_lo_dejan|me_congelaron|me_bloquearon|asaltaron|atacaron
pretext.disconnect
  @utility|servicio|suministro|linea ~5 @disconnect
  @disconnect ~4 @utility|servicio|suministro|linea
  tecnico|cuadrilla|brigada|muchachos ~4 @disconnect|en_camino|en_la_esquina|llega|a_dos_cuadras
pretext.update
  actualizar|actualice|validar|actualizacion|regularizar ~3 @account|datos|informacion|identidad|expediente|registro
  verificacion|protocolo ~1 de_seguridad
pretext.system
  @sysdown
  sistema|servidor ~2 caido|falla|cayo
  auditoria|inspeccion|prueba ~3 sistema|tarjetas|datos|muestra
pretext.confidential-deal
  compra|fusion|operacion|adquisicion ~4 confidencial|secreta|cerrando
  sorpresa|detalle ~3 equipo|clientes
  investigacion|auditoria ~1 interna|confidencial|secreta
pretext.extort
  @video ~4 publicar*|difundir*|intim*|tuyo|tuyas|suyo
  tenemos|tengo ~2 @video
  tenemos|tengo ~1 a_su|a_tu ~1 @family
  no ~2 volver|vuelve ~2 verlo|verla|ver ~2 viv*
  sicario|sicarios|cobro_de_piso|el_cartel|la_plaza|la_mana
  sabemos_donde_vive*|se_donde_vives|lo_tenemos_vigilado|familia_vigilada|a_que_escuela_van|se_lo_tuyo
  secuestr*|bomba
pretext.warranty
  reducir|bajar|unificar|reunificar ~3 intereses|deudas|deuda|cuota
pressure.urgency
  @soon
  en|dentro|proximos|proximas|menos ~2 horas|minutos|media_hora|24|veinticuatro|quince_minutos|diez_minutos
  tiene|tengo|tenemos|quedan|nos_quedan|solo|le_doy ~3 minutos|media_hora|horas|segundos|unos_minutos
  ultima|ultimo ~1 oportunidad|aviso|dia|llamada|plazo|intento|recordatorio
  antes_de ~3 que|medianoche|las_cinco|las_tres|hoy
  se_acaba|se_agota|no_hay_tiempo|no_tenemos_tiempo|contra_reloj|solo_hoy|vence_hoy|cada_minuto|cada_segundo|en_este_momento|en_curso|termina_hoy|acaban_hoy|cierra_hoy|hoy_cierran|se_vence|se_pierde|caduca_hoy|caduca_esta_noche|esta_noche_caduca
  tiene_que_ser|hay_que_hacerlo|tiene_que_salir ~2 hoy|ya|ahora|antes|media_hora
  darse_prisa|apurese|apurate|dese_prisa|date_prisa|hay_que_actuar|no_puede_esperar|sin_demora|urge
  plazo ~2 vence|hoy|termina
  de_lo_contrario|si_no|caso_contrario ~3 se_devuelve|se_cancela|se_pierde|se_destruye|lo_pierde|se_bloquea
  despues_de_hoy|se_destruye
pressure.scarcity
  quedan|queda|solo ~2 lugares|plazas|cupos|unidades|lugar
  cupos ~2 acaban|limitados
  ultim* ~1 lugar|plaza|unidad|unidades|cupo
  no_se_lo_puedo_guardar|hay_fila|otros_interesados|te_lo_aparto|se_lo_reservo
  oferta|oportunidad|promocion|inscripciones ~3 hoy|termina|limitada|vence|cierran
pressure.threat
  o_le|o_te|si_no ~2 vacian|cortan|bloquean|quitan|van
  la_cantidad_se|se_triplica|se_duplica
  @legal ~4 si_no|contra|evitar|hoy|su_nombre|a_su_nombre
  evitar ~2 @legal|embargo|corte|consecuencias|arresto|sancion
  va_a|van_a|sera|seria|vamos_a|podria|puede ~2 @threatverb
  si ~3 cuelga|cuelgas|no_paga|no_pagas|no_colabora|no_coopera|llamas_a_la_policia|llama_a_la_policia ~6 pasar*|ver*|cortamos|detien*|public*|orden|consider*|mandar*
  policia|patrulla|agentes|oficiales|actuario|cerrajero ~4 domicilio|su_casa|puerta|en_camino|camino
  mandar|enviar ~2 patrulla|policia|agentes
  perder|perdera|pierde|quedarse_sin ~3 todo|cuenta|casa|trabajo|ahorros|dinero
  consecuencias|atengase|obstruccion|desacato|se_hace_responsable|sera_responsable|es_responsable
  le_va_a_pasar|les_va_a_pasar|van_a_pagar|lo_detienen|la_detienen|lo_arrestan|embargo_de|embargan|me_mata|lo_vas_a_lamentar
  enviar|mandar|publicar ~3 fotos|video|videos|lo ~4 familia|contactos|trabajo|mujer|esposa
  llevarme|llevarnos ~3 carro|coche|tele|muebles
  cuentas|bienes|sueldo ~3 embargad*|congelad*|bloquead*
pressure.secrecy
  no ~2 @tell ~4 @anyone
  no ~1 @tell ~2 nada|esto
  nadie ~3 enter*|sepa|saber|debe
  no ~1 lo|se_lo|le|les ~1 comente|diga|digas|cuente|cuentes|hable|platique
  no_lo_comente|no_lo_hable|no_lo_cuente|no_se_lo_diga|no_se_lo_cuentes|no_se_lo_cuente|no_le_digas|no_les_digas|no_se_lo_diga_ni|que_no_se_entere|sin_que_nadie|no_deben_enterarse|no_debe_enterarse
  secreto|confidencial|secreta ~1 asunto|caso|investigacion|total|operacion|auditoria
  asunto|caso|investigacion|informacion|operacion|auditoria ~2 confidencial|secreta|secreto
  es_confidencial|bajo_secreto|secreto_de_sumario|en_sigilo|guarde_el_secreto|guarda_el_secreto
  quede|queda ~1 entre_nosotros
  empleado|empleados|trabajador|alguien|banco|sucursal ~3 implicad*|involucrad*|complic*|de_dentro
  esta_solo|esta_sola|estas_solo|estas_sola|hay_alguien_con_usted|lugar_privado|otra_habitacion
pressure.stay
  no ~2 @hang
  @stay ~2 linea|telefono|conmigo
  sin ~1 colgar
  no_me_suelte|no_suelte_el_telefono|no_suelte
pressure.coach
  si|cuando ~2 pregunta*|preguntan ~4 diga|digale|di|dices
  diga|digale|digales|di ~2 que ~3 reforma|regalo|familia|familiar|coche|obra|regalos
pressure.no-check
  no ~1 llame|llamar|vaya|ir|acuda|contacte|hable|entre ~2 banco|sucursal|oficina|policia|su_cuenta|la_app
  no ~1 apague|apagues|toque ~2 equipo|computadora|ordenador|lo
  no ~2 hable|consulte|hablarlo ~2 abogado|abogados|contador
  lineas_saturadas|no_podran_ayudarle|ya_nadie_la_puede|no_hay_tiempo_para|empeora_el_caso
pressure.insist
  haga_lo_que|siga_mis|siga_las_instrucciones|escuche_bien|escucheme|escuchame|pongame_atencion|pon_atencion|preste_atencion
  confie_en_mi|confia_en_mi|creame|creeme|hagame_caso|le_prometo|te_prometo|le_juro|te_juro|le_aseguro|le_garantizo
  por_su ~1 seguridad|bien|proteccion
  unica|unico ~1 forma|manera|opcion|solucion
  calmese|no_se_asuste|mantenga_la_calma
  quiere ~2 perder|que_lo_arresten|que_le_roben
  solo_te_tengo|eres_lo_unico|eres_el_unico|si_me_quieres|no_me_falles|no_sea_ridicul*|no_lo_piense
  te_lo_devuelvo|se_le_devuelve|te_los_regreso|se_lo_devuelven
  es_solo ~2 prueba|confirmar|verificar|tramite
pressure.protect
  proteger|resguardar|salvar|poner_a_salvo|protegerla ~2 @money|@account|ahorros|fondos|saldo
  @money|saldo ~2 a_salvo|en_riesgo|resguardad*
  detener|parar|anular|frenar|bloquear|revertir ~2 @txn
pressure.fee-first
  @fee ~3 liberar|reclamar|recibir|antes|primero|reembolsable|por_adelantado
  liberar|reclamar|recibir|desbloquear ~4 @fee
  solo|unico|pequen* ~1 @fee
  por_adelantado|solo_paga|solo_tiene_que_pagar|pague_primero|seguro_del_prestamo|seguro_de_envio
pressure.guarantee
  @guarantee
  no ~1 hay ~1 riesgo
  capital_va_asegurado|capital_asegurado
pressure.intimidate
  lo_van_a_despedir|te_van_a_despedir|perder_su_trabajo|perder_tu_trabajo|te_van_a_correr|hare_que
  lo_voy_a_demandar|los_voy_a_demandar|mi_abogado|redes_sociales|te_voy_a_reportar
  deme|dame|quiero ~2 nombre_completo|su_nombre|numero_de_empleado
  sabe_quien_soy|sabe_cuantos_anos|cliente_preferente|cliente_vip|clase_de_persona|paseme_a_su_superior
  inutil|incompetente|idiota|ridiculo
  es_su_culpa|es_tu_culpa|ponertelo_como_error
pressure.name-drop
  @boss ~3 ya_sabe|autorizo|aprobo|me_conoce|prometio
  cliente ~1 importante
pressure.sympathy
  mi ~1 madre|padre|esposa|hijo|hija|bebe|mama|marido|hijos ~4 muriendo|enferm*|grave|llorando|lluvia
  se_lo_ruego|te_lo_ruego|tenga_piedad|hagame_el_favor|no_sea_mal*|anda_ayudame|hazme_un_favor
pressure.deadline
  en|dar|tiene|tenemos ~2 minutos|minuto|hora|horas|media_hora
  hoy|ahora|esta_noche ~2 o|si_no|solo
  antes ~3 tarde|noche|manana|tres|cinco|doce
  a_las_seis|a_las_dos_de_la_tarde|a_mediodia|a_la_medianoche|hoy_mismo|ya_mismo|esta_misma_tarde|en_camino
  vencen|vence|cierra|cierran|caduca|acaba ~2 hoy|medianoche|noche|tarde
`;
