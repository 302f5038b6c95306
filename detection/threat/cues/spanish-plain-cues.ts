/** The same cues and some more, in plain talk, in Spanish; in the notation of english-story-cues, with the cue names of english-plain-cues. */
export const SPANISH_PLAIN_CUES = `
pressure.urgency
  antes ~1 mediodia|las_doce|las_tres|las_cuatro|comer|cerrar
  prescribe|se_libera|se_anula|se_cancela|caduca ~3 hoy|viernes|lunes|manana|noche|medianoche
  me_esperan|estoy_en_el_semaforo|tengo_mas_entregas|llevo_mas|llevo_noventa|tengo_seis_minutos|despues_toca_hasta|hasta_el_lunes_no|ya_no_hay_para_atras
  ventana|puerta|ventanilla|oferta|lista|plazo|cupo|sesion|fondo|cierre|tienda|oficina|banco ~2 cierra|cierran|acaba|termina|vence
  cierran_ya|cierra_ya|solo_esta_noche|es_esta_noche|solo_hoy|hasta_hoy|hasta_esta_noche|esta_noche_se_acaba|manana_ya_no|manana_es_tarde|hoy_o_nunca|ahora_o_nunca|antes_del_cierre|antes_de_cerrar|antes_de_que_cierre|al_cierre
  corre|corra|rapidito|vamos_rapidito|volando|a_la_voz_de_ya|al_tiro|de_volada|en_chinga|ligerito|apurese|apurate|metale|muevase|no_se_duerma|no_te_duermas|no_hay_tiempo|no_me_da_tiempo|se_me_acaba_el_turno|dura_un_minuto|dura_dos_minutos|se_borra|cuenta_atras|corre_el_reloj|corre_el_tiempo
  sale|salen|se_va|se_ejecuta|se_completa|se_devuelve|se_regresa|vuelve|regresa ~3 minutos|minuto|horas|hoy|esta_noche|almacen|origen|remitente|medianoche|manana
  me_quedan|nos_quedan|le_quedan|te_quedan ~3 minutos|minuto|segundos|por_hacer|entregas
  necesito_un_si|digame_si_o_no|si_o_no|me_lo_dice_ya|decida_ya|decidase|hay_que_decidir|ahora_que_estamos|aprovechando_que
pressure.scarcity
  ya_no_hay_otro|no_hay_otro|quedan_pocos|quedan_pocas|queda_uno|queda_una|se_lo_doy_al_siguiente|se_lo_lleva_otro|hay_otros|hay_mas_gente
  otra_persona|otro|otra ~2 interesad*|esperando|lista
  todos|todo_el_mundo|los_demas|sus_vecinos ~3 cobraron|cobrado|pagaron|pagado|recargaron|metieron|ya
  solo|nomas ~2 falta|faltas|queda ~2 usted|tu
pressure.threat
  si_llama_a_la|si_hablas_con_la|nos_enteramos|es_el_doble|van_hoy|mire_como_quedo|lo_hemos_visto|aqui_eso_se_paga|luego_sera_culpa|la_lista_para_embargo
  algunos_no_llegan|no_llega_al|se_queda_sin|se_quedan_sin|lo_pierde|la_pierde|pierde_el|pierde_la|lo_perdemos|lo_pierdes
  recargo|recargos|intereses|multa|penalizacion ~3 cada|por ~1 dia|hora
  le_va_a_pesar|se_va_a_arrepentir|te_vas_a_arrepentir|por_las_malas|luego_no_diga|luego_no_se_queje|por_mi_no_quede|queda_fichado|en_buro|buro_de_credito|asnef|fichero_de_morosos|datacredito|veraz
  van|vienen|llegan|pasan ~3 por_usted|por_ti|por_la_casa|por_el_carro|por_sus_cosas|por_su_casa
pressure.secrecy
  que_no_lo_sepan|que_no_se_enteren|los_companeros_no|no_lo_comentes|asunto_de_familia|por_mensaje_mejor|escribeme_no_llames
  cierre_la_puerta|cierra_la_puerta|salgase|salga_de_ahi|esta_acompanado|esta_acompanada|hay_alguien_ahi|nos_oye_alguien|quite_el_altavoz|puede_hablar|a_solas|vaya_a_un_sitio
  guardelo|guardalo|tengalo|tenlo ~2 secreto|para_usted|para_ti|entre_nosotros|callado
  mucho_ladron|mucha_envidia|mucho_envidioso|las_paredes_oyen|calladito|calladita|discreto|discreta|con_discrecion|sin_hacer_ruido|no_se_entere|ni_a_su|ni_a_tu|ni_al_marido|ni_a_los_hijos|ni_una_palabra|no_le_cuentes|no_preocupe|no_los_preocupe|no_preocupes_a
  es_sorpresa|arruinar_la_sorpresa|se_echa_a_perder|si_se_sabe|alertar
pressure.no-check
  banco|bancos|sucursal|ellos|le ~3 no_les_gusta|no_quieren|ponen_trabas|le_van_a_decir|diran ~3 estafa|fraude|timo|no
  no ~1 abras|abra|levante|haga|ponga ~2 aviso|ticket|reporte|incidencia
  aviso|mensaje|eso|pantalla ~3 automatico|automatica|generico|a_todo_el_mundo|a_todos
  ignore|ignora|pase_de|dele_a_continuar|omita ~3 aviso|mensaje|advertencia|alerta
  no_hace_falta_que_llame|no_tiene_caso|eso_tarda|tarda_mucho|tarda_dias|no_le_van_a_contestar|estan_cerrados|ya_cerraron|no_me_devuelva|no_me_llames_a|este_numero_no_recibe|no_recibe_llamadas
pressure.proof
  mire|fijese|compruebe|vea|revise ~2 numero|pantalla|identificador ~4 tarjeta|banco|oficial|mismo|es_el|coincide
  busqueme|busqueme_en|me_puede_buscar|apunte_mi|anote_mi|le_doy_mi_placa|le_doy_mi_numero|mi_numero_de_empleado|mi_numero_de_agente|mi_clave_de_agente|le_leo_su|tengo_aqui_su|aqui_me_sale_su|para_que_vea_que|para_que_este_tranquil*|no_soy_ningun|no_es_ninguna_estafa|no_es_un_timo|hace_bien_en_preguntar|hace_bien_en_desconfiar
pressure.flatter
  me_caiste_bien|me_cayo_bien|a_los_que_me_caen|por_ser_tan_amable|que_amable_es|muy_amable_usted|ojala_todos
  usted_parece|se_nota_que|se_le_nota|tiene_voz_de|es_usted_una_persona|una_persona_seria|una_persona_honrada|por_su_lealtad|por_ser_buen_cliente|pense_en_ti|pense_en_usted|eres_la_unica|solo_tu_puedes|solo_usted_puede|solo_confio_en
pressure.sympathy
  estoy_solo|estoy_sola|me_quede_viud*|el_difunto|la_funeraria|me_persiguen|que_va_a_ser_de_mi|hecho_polvo|hecha_polvo|llorando|llore|lloro_mi
  mi_jefe|el_jefe|la_jefa ~2 me ~2 mata|descuenta|corre|echa|cobra|despide
  me ~1 descuentan|corren|despiden|echan|multan|la_cobran|lo_cobran|reganan
  ninos|bebe|hijos|hijo|nina|nino|madre ~2 malo|mala|malito|malita|hambre|llorando|espera|esperando|sin_comer|frio
  dios_se_lo_pague|dios_la_bendiga|dios_lo_bendiga|bendiciones|por_lo_que_mas_quiera|por_favorcito|no_tengo_a_quien|no_tengo_a_nadie|me_da_verguenza|que_pena_me_da|no_te_lo_pediria|no_se_lo_pediria|de_rodillas|pense_que_me_querias|crei_que_eras
pressure.insist
  no_se_preocupe|no_te_preocupes|tranquilo_que|tranquila_que|usted_tranquil*|no_pasa_nada|no_pierde_nada|no_va_a_perder|es_rutina|es_normal|es_lo_normal|todo_el_mundo_lo_hace|lo_hace_todo_el_mundo|procedimiento_normal|es_el_procedimiento|es_un_momentito|son_dos_minutos|yo_le_guio|yo_le_voy_diciendo|yo_te_voy_diciendo|le_voy_guiando|le_digo_como|te_digo_como
  se ~1 lo|la|le ~2 devuelven|regresan|reembolsan|devolvemos|regresamos ~3 manana|hoy|jueves|lunes|viernes|minutos|hora|semana|nomina
  te ~1 lo|la ~2 devuelvo|regreso|pago ~3 manana|jueves|lunes|viernes|semana|martes
  que_espera|que_esperas|decidase|no_me_cree|me_esta_llamando|no_confia|lo_quiere_o_no
pressure.coach
  diga|di|ponga|pon|escoja|elija ~2 que_es|para|concepto|motivo ~3 regalo|coche|obra|muebles|familia|amigo|prestamo|reforma|viaje
  si_le_preguntan|si_te_preguntan|si_pregunta_el|si_preguntan_en
pressure.stay
  deje|dejeme|deja|lleve|lleveme ~2 linea|llamada|telefono|movil|celular ~2 abierta|encendido|puesta|bolsillo|bolso|bolsa
  si ~2 cuelga|corta|cuelgas|se_corta ~4 pierde|empieza|empezar|anula|cae
pressure.intimidate
  a_quien_hace_dano|que_mal_hay|que_le_cuesta|seria_tan_grave|su_director_esta|su_jefe_esta|el_gerente_esta|la_directora_esta
  su_companera|su_companero|la_otra_chica|el_otro_chico|la_que_me_atendio|su_colega ~4 hizo|dejo|dijo|ayudo|problema
  va_a_ser_culpa_suya|queda_en_su_conciencia|es_responsabilidad_suya|usted_sabra|conozco_al_dueno|soy_amigo_del|con_quien_hablo_digame_su|apunto_su_nombre|no_me_haga_perder|me_esta_haciendo_perder|no_sea_terc*|no_sea_necio
pressure.fee-first
  falta|faltan|queda|quedan ~2 impuesto|tasa|tramite|sellos|timbre|gestion|seguro|notario|notaria|deposito|envio|comision
  adelanta|adelante|adelantar|pone|poner ~2 usted|tu|primero ~3 devuelven|devuelve|reembols*|regresan
  primer|primera ~1 sueldo|nomina|quincena|cuota|pago
  fianza|deposito|reserva|senal|apartado|anticipo|garantia ~4 piso|departamento|depa|cuarto|casa|llaves|kit|equipo|curso|material|reservar|apartar
pretext.fraud-alert
  vaciando|sacando|llevandose|moviendo|transfiriendo ~3 cuenta|ahorros|dinero|tarjeta
  dinero|pago|transferencia|importe ~3 saliendo|a_punto|en_cola|pendiente|parado|retenido
  era_suyo|es_suyo|es_suya|ha_sido_usted|no_fue_usted|no_ha_sido_usted|ya_me_parecia|me_lo_imaginaba
  otra_tarjeta|tarjeta_duplicada|duplicado_de ~3 pedido|solicitado|pidio|direccion|a_su_nombre
pretext.account-problem
  datos|nombre|registro|foto ~2 no_coinciden|no_cuadran|no_coincide|no_cuadra
  pago|nomina|pension|sueldo|cobro|ayuda ~3 parado|parada|congelad*|retenid*|detenid*|bloquead*|rebot*
  me_congelaron|le_congelaron|me_retuvieron|no_paso_el_pago|fue_rechazado|vino_devuelto
pretext.wrong-code
  mi|un ~1 codigo|clave|pin ~3 a_ti|a_tu|contigo|a_usted|a_su_telefono
  puse|di|meti|escribi ~3 tu|su ~1 numero ~3 error|equivoc*|sin_querer|tonteria
  grupo_de_padres|grupo_del_cole|grupo_de_la_clase|grupo_de_whatsapp|vota_por|votar_por|concurso_de_mi ~5 codigo|numero|enlace|mensaje
pretext.windfall
  le_sale_a_favor|sale_a_favor|no_lo_ha_cobrado|tiene_pendiente_de_cobro
  a_su_favor|a_devolver|le_corresponden|le_corresponde|tiene_un_saldo|tiene_pendiente_de_cobro|no_lo_ha_cobrado|sin_reclamar|herencia|heredero|beneficiari* ~4 @money|mil|cientos|cobr*|devol*|favor
  le_toco|te_toco|le_ha_tocado|te_ha_tocado|salio_su_numero|salio_premiado|entro_por_la|participo_por|sale_agraciad*|esta_sentada|esta_sentado|una_noticia_muy_buena|buenas_noticias ~6 coche|carro|mil|premio|viaje|gano|toco|sorteo|euros|pesos
pretext.job
  su|tu ~1 curriculum|cv|perfil|solicitud ~3 gusto|interes*|llamo|seleccionad*|elegid*|vimos
  teletrabajo|desde_casa|desde_su_casa|tareas|likes|resenas|comisiones|primer_encargo|cliente_misterioso|kit_de_inicio|curso_obligatorio|examen_medico ~6 @money|pag*|deposit*|recarg*|comision|trabajo|gan*
  esta_contratad*|el_puesto_es|empieza_el_lunes|bienvenido_al_equipo|bienvenida_al_equipo|te_deja_en_negativo|saldo_negativo|desbloquear
pretext.rental
  estoy_en_el_extranjero|vivo_fuera|trabajo_fuera|las_llaves_por|le_mando_las_llaves|te_mando_las_llaves|sin_verlo|antes_de_verlo|antes_de_la_visita
  piso|departamento|depa|apartamento|habitacion|cuarto|casa ~4 senal|deposito|fianza|apartar|reservar|interesad*|otros
pretext.sale
  su|tu ~2 anuncio|publicacion|sofa|bici|moto|movil|celular|mesa|lavadora|consola|coche|carro ~4 compr*|interesa|recoger|recoja|mensajero|pag*|vend*
  todavia_lo_vende|aun_lo_vende|sigue_a_la_venta|sigue_disponible|soy_el_comprador|soy_la_compradora|mi_transportista|para_recibir_el_pago|para_recibir_el_dinero|para_cobrar_tiene
pretext.new-account
  cambi* ~2 de_banco|de_cuenta|cuenta|banco|iban|clabe
  cuenta|cuentas|banco ~2 nueva|nuevas|nuevo|antigua|vieja|anterior|auditoria
  proveedor|factura_pendiente|facturas_pendientes|su_proveedor|papel_membretado|departamento_de_pagos
pretext.voice
  voz ~2 tomada|rara|ronca|mala|distinta|diferente|cambiada
  estoy_resfriad*|estoy_afonic*|estoy_ronc*|tengo_gripa|me_pegue_en|la_nariz|se_oye_mal|se_escucha_mal|mala_senal|es_mi_numero_nuevo|este_es_mi_numero|numero_nuevo|cambie_de_numero|movil_de_un_amigo|celular_de_un_amigo|movil_prestado|celular_prestado|se_me_rompio|se_me_cayo_al|se_me_mojo
pretext.bill-due
  alquiler|renta|recibo|casero|letra|colegiatura|matricula|factura ~3 hoy|pago|pagar|vence|insoportable|esperando|encima
  el_banco_lo_tengo|la_app_del_banco|no_me_deja_el_banco|no_puedo_hacer_el_pago|no_me_deja_pagar
pretext.mishap
  grua|taller|multa|vuelo|bolso|maleta ~4 sin_pago|esperan|perdi|sin_nada|adelant*|pagar
  operacion|operan|cirugia|hospital|clinica|medico|ambulancia|farmacia ~4 antes|pagar|deposito|adelant*|dinero|cuesta|sin_pago|no_lo_operan|no_la_operan
  parado|parada|varado|varada|atrapado|atrapada|sin_gasolina|en_la_frontera|en_el_aeropuerto|en_aduana|en_el_mar|en_alta_mar|el_barco_sale
  muy_malit*|muy_grave|entre_la_vida|pregunta_por_usted|pregunta_por_ti|no_para_de_sangrar
pretext.parcel
  repartidor|mensajero|cartero|conductor|furgoneta|camioneta ~4 paquete|puerta|porton|firma|dejar|nadie
  paquete|pedido|bulto|caja ~3 en_casa|puerta|almacen|camion|peso|falta|sin_pagar|de_vuelta|vuelve|porton
  no_habia_nadie|no_estaba_en_casa|no_me_abren|no_me_abrieron|el_aparato|el_aparatito|la_maquinita|no_me_deja_dejarlo|no_me_deja_entregarlo|segunda_entrega|nuevo_intento|me_pide_un_codigo|me_pide_codigo
pretext.virus
  fallo|falla|error ~2 parche|actualizacion|seguridad|sistema ~3 toco|equipo|equipos|varios
  lo_veo_desde_aqui|lo_estoy_viendo|me_sale_en_pantalla|nos_salta|estan_dentro|estan_entrando|le_estan_entrando|lo_tienen_dentro|le_estan_viendo|la_camara
pretext.invest
  famoso|famosa|de_la_tele|en_la_tele|anuncio ~5 invert*|dinero|gan*|moneda|plataforma|banco
  por_ciento ~2 al_mes|mensual|a_la_semana|semanal|diario|al_dia
  capital ~1 garantizado|protegido|seguro
  mi_tio|mi_primo|mi_amigo|mi_hermano|yo ~3 gane|gano|saque|duplique|saco ~3 @money|mil|mes|dias|semana
claim.courier
  soy|es|del|de ~2 repartidor|mensajero|cartero|reparto|el_del_paquete|la_paqueteria|la_mensajeria
claim.desk
  de|soy|aqui ~2 auditoria|auditores|estadistica|catastro|rentas|sanciones|sucesiones|bienestar|municipio|eps|central|cobranza|multas
  @iam|departamento|area|seccion|servicio|equipo ~2 tarjetas|pagos|cobros|devoluciones|reclamaciones|reembolsos|fidelizacion|calidad|fraudes|riesgos|facturacion|licencias|valoracion|recuperacion|cobranza|premios
  devoluciones|reclamaciones|cobros|fidelizacion|informatica|sistemas|soporte|facturacion ~2 buenas|buenos|hola|habla|le_llamo|nicolas
claim.clergy
  soy|habla|aqui ~2 padre|pastor|parroco|cura|hermana|obispo|reverendo
claim.boss
  soy|habla|aqui ~3 de_arriba|direccion|gerencia|el_director|la_directora|presidencia
claim.partner
  contador|contable|gestor|asesor|abogado|proveedor|auditor|corredor ~3 soy|de|cliente|clienta|paciente
claim.spouse
  soy ~2 marido|esposo|esposa|mujer|pareja|hijo|hija|hermano|hermana ~4 cuenta|clave|titular|compartimos|datos|ella
other.comply
  gafas|lentes|boligrafo|lapiz|pluma|bolso|bolsa|cartera ~3 espere|busco|voy|traigo|momento|aqui
  espere_que|espera_que|deje_que|dejeme_que|ahora_lo_busco|lo_apunto|estoy_apuntando|ya_la_tengo|aqui_la_tengo|aqui_lo_tengo|ya_entre|ya_estoy_en|voy_para_alla
other.suspicion
  puedo|le|prefiero|mejor|dejeme ~1 llamar|llamo|devolver|marcar ~3 yo|oficina|sucursal|hijo|hija|centralita|banco
  el_mensaje_dice|aqui_dice|pone_que_no|dice_que_no ~3 compart*|diga|nadie|dar
  por_que_no ~2 puede|manda|viene|llama
  y_eso_como|como_es_eso|que_raro|me_extrana|no_me_cuadra|no_me_lo_creo|es_una_broma|es_broma|esto_es_serio|le_pregunto_a_mi|lo_consulto|lo_hablo_con|tengo_que_preguntar
other.fear
  que_susto|me_deja_helad*|estoy_temblando|me_tiembla|el_corazon|ay_senor|virgen_maria|jesus|ay_mi_hijo|ay_mi_nina|pobrecito|pobrecita|que_horror|que_barbaridad|y_ahora_que_hago|esta_bien_el|esta_bien_mi|esta_vivo|que_le_paso|que_paso|que_ha_pasado
other.unaware
  yo_no_jugue|no_jugue|no_participe|no_compre|no_espero_nada|no_espero_ningun|no_tengo_cuenta|no_tengo_tarjeta|no_sabia|primera_noticia|no_me_suena|no_recuerdo|que_paquete|que_multa|que_deuda|que_cuenta|cual_cuenta|que_cargo|que_codigo|de_que_habla
honest.free
  no_cuesta|no_le_cuesta|es_gratis|gratis|sin_cargo|sin_coste|sin_costo|no_se_le_cobra|no_se_cobra|no_cobramos|no_hay_cargo|se_paga_aqui|se_paga_en|paga_al_recoger|paga_cuando|ya_esta_pagado|esta_todo_pagado|no_debe_nada|no_vendemos
honest.choice
  lo_puede_pensar|pienselo|pienselo_con|piensatelo|consultelo|el_tiempo_que_quiera|cuando_le_venga_bien|cuando_te_venga_bien|como_quiera|como_usted_vea|si_quiere|si_le_parece|si_le_viene_bien|no_hace_falta_que_decida|no_tiene_que_decidir|no_tiene_que_firmar|sin_obligacion|puede_cancelar|traiga_a_alguien|venga_acompanad*
honest.byself
  no ~2 diga|de|lea|mande|envie ~2 a_nosotros|a_nadie|por_telefono|a_mi
  guardelo|guardela|es_para_usted|no_nos_la_diga|no_nos_lo_diga|no_me_la_diga|no_me_lo_diga|pongalo_usted|escribalo_usted|metalo_usted|con_su_clave|en_su_aplicacion|usted_mismo|usted_misma
  venga|pase|pasese|acerquese|vaya ~3 documento|oficina|comisaria|centro|tienda|mostrador|sucursal|consulta|clinica|cuando
honest.reason
  usted_nos_llamo|usted_pidio|nos_llamo_usted|me_pidio|como_pidio|como_quedamos|tal_como|le_devuelvo_la_llamada|te_devuelvo_la_llamada|por_su_cita|por_tu_cita|la_bici_que|la_denuncia_que|el_aviso_que|el_pedido_que|que_denuncio|que_encargo|ya_esta_listo|ya_esta_lista|ya_puede_recoger|ya_puede_pasar|puede_recogerlo|ya_llego_su|ya_estan_sus|su_mesa|su_reserva
honest.chat
  como_estas|que_tal_todo|como_va_todo|que_haces|te_apetece|te_animas|quedamos|vienes|te_vienes|te_recojo|paso_por_ti|llevo_algo|que_llevo|a_que_hora_quedamos|nos_vemos_el|nos_vemos_manana|llego_tarde|voy_tarde|hay_trafico|compra_pan|compra_leche|que_hay_de_cenar|los_ninos|el_perro|el_gato|se_ha_equivocado|se_equivoco_de_numero|numero_equivocado
`;
