/** Word classes of Spanish, in the notation of english-classes. Accents are folded before matching; ñ is n. */
export const SPANISH_CLASSES = `
stop: el la los las un una unos unas de del al a en y o u que se su sus mi mis tu tus lo le les me te nos con por para como es son esta estan estoy este esto esta ese esa eso aquel si pues bueno vale ok oiga oye mire mira senor senora senorita don dona ya muy mas pero ha he han hemos habia hay ser estar fue era sea aqui ahi alli ahora mismo usted ustedes yo el ella nosotros ellos favor porfavor porfa gracias eh este ah oh mmm aja claro tambien entonces va voy vamos a_ver todo toda todos cual cuando donde quien

neg: no nunca jamas ni sin nadie tampoco ningun ninguna evite evitar
if: si_no a_menos_que salvo_que de_lo_contrario caso_contrario si
report: alguien ellos el ella estafador* delincuente* ladron* hombre senor tipo gente persona impostor* timador*
reported: pidio pidieron piden pide dijo dijeron decia dice_que llamaron llamo querian queria intento intentaron haciendose hizo_pasar
past: usted_ha ha_dado ha_hecho ha_realizado ha_compartido dio alguna_vez le_han
except: excepto salvo solo_a_mi solamente_a_mi menos_a
soon: inmediat* urgente urgentemente urgencia enseguida ya_mismo ahora_mismo cuanto_antes rapido rapidamente pronto hoy_mismo de_inmediato ahorita ahorita_mismo al_instante lo_antes_posible
give: deme dame darme darnos digame dime decirme diganos leame leeme leerme lea dicteme dicte dictarme envieme enviarme mandeme mandarme comparta compartir compartame proporcione proporcionar proporcioneme facilite facilitar faciliteme facilitarme confirme confirmar confirmeme verifique verificar repita repitame necesito necesitamos requiero introduzca ingrese teclee escriba indique indiqueme indicarme pase paseme pasarme proporcionarme deletree puede_dar puede_decir me_da me_das me_dice me_dices me_lee me_confirma me_facilita me_pasa me_puede_dar deme_la deme_el dicta dicteme_lo me_lo_dicta digamelo pongame busqueme buscame buscarme leelo me_puedes_leer me_puede_leer me_manda mandeme mandame enviame dictas pon ponga_su ponga
giveme: deme dame darme darnos digame dime decirme leame leeme leerme dicteme dictarme repitame necesito paseme pasame me_da me_dice me_lee me_confirma me_pasa me_facilita confirmeme facilitarme indiqueme leermelo decirmelo darmelo digamelo dictemelo leamelo me_lo_dicta me_lo_lee me_lo_dice buscame pongame me_mandas
code: codigo codigos clave_dinamica clave_de_un_solo_uso codigo_de_verificacion codigo_de_seguridad codigo_sms otp token seis_digitos cuatro_digitos 6_digitos 4_digitos seis_numeros clave_temporal numero_de_verificacion clave_de_confirmacion
pin: pin contrasena contrasenas clave claves clave_secreta password usuario clave_de_acceso claves_de_acceso clave_de_internet numero_secreto nip firma_digital
cvv: cvv cvc tres_digitos tres_numeros fecha_de_caducidad fecha_de_vencimiento fecha_de_expiracion codigo_de_atras numeros_de_atras caducidad vencimiento
card: tarjeta tarjetas tarjeta_de_credito tarjeta_de_debito plastico
cardnum: numero_de_tarjeta numero_de_su_tarjeta numero_de_la_tarjeta dieciseis_digitos 16_digitos datos_de_la_tarjeta datos_de_su_tarjeta numeros_de_la_tarjeta dieciseis_numeros numeros_de_su_tarjeta
acctnum: numero_de_cuenta numero_de_su_cuenta iban clabe cbu datos_bancarios datos_de_su_cuenta datos_de_la_cuenta numero_de_la_cuenta coordenadas_bancarias cuenta_clabe tarjeta_de_coordenadas
id: dni nie cedula curp rfc numero_de_identidad documento_de_identidad fecha_de_nacimiento pasaporte seguro_social numero_de_seguro numero_de_seguridad ine numero_de_documento datos_personales rut cuil cuit carnet
money: dinero plata efectivo euros euro pesos peso dolares dolar saldo ahorros fondos importe monto cantidad lana soles usd gbp eur mil cientos pago pagos deposito
send: enviar envie envia envieme enviame mandar mande manda mandeme mandame transferir transfiera transfiere transferencia mover mueva mueve pasar depositar deposite deposita ingresar ingrese ingresa giro girar gire hacer_un_bizum bizum consignar consigne pagar pague paga traspasar traspase traspaso hacerme deposit* transfier* transferi* ingres* envie* mand* gir* pasarla pasalo deposito depositos hagame_un hazme_un
pay: pagar pague paga pago abonar abone liquidar cancelar_la_deuda saldar pagando pagas pagarlo abonarlo
buy: comprar compre compra comprando adquirir adquiera conseguir consiga cargar recargar recargue compr* consig* recarg* activ*
account: cuenta cuentas
block: bloque* congel* suspend* cancel* restring* inhabilit* comprometid* hacke* vulnerad* caduc* venc* desactiv* retenid* limitad* embarg* baneada baneado cancelada destruir anulada
bank: banco bancos caja entidad bancaria bancario cooperativa
bankname: santander bbva caixabank sabadell bankinter banorte banamex bancolombia davivienda bcp interbank galicia ing unicaja abanca kutxabank scotiabank banco_nacion bancomer
frauddept: departamento_de_fraudes departamento_de_fraude departamento_de_seguridad area_de_fraudes area_de_seguridad equipo_de_seguridad equipo_antifraude prevencion_de_fraudes prevencion_de_fraude prevencion_del_fraude seguridad_bancaria unidad_de_fraude unidad_antifraude area_de_prevencion departamento_antifraude centro_de_seguridad monitoreo_de_tarjetas seccion_de_fraudes servicio_antifraude departamento_de_tarjetas area_de_tarjetas
unusual: no_autorizad* no_reconocid* inusual inusuales sospechos* fraudulent* irregular* indebid* extran*
txn: transaccion transacciones cargo cargos compra compras movimiento movimientos operacion operaciones retiro retiros transferencia transferencias acceso accesos intento intentos disposicion actividad pedido
safeacct: cuenta_segura cuenta_de_seguridad cuenta_protegida cuenta_temporal cuenta_espejo cuenta_de_resguardo cuenta_nueva cuenta_puente cuenta_blindada boveda cuenta_de_custodia cuenta_del_estado cuenta_judicial
gift: tarjeta_regalo tarjetas_regalo tarjetas_de_regalo tarjeta_de_regalo google_play itunes steam tarjeta_prepago tarjetas_prepago tarjetas_de_prepago tarjetas_de_amazon tarjetas_de_apple tarjetas_de_google tarjetas_de_steam tarjetas_de_itunes paysafecard vales_de_compra
crypto: bitcoin bitcoins cripto criptomoneda criptomonedas usdt tether ethereum monedero billetera wallet binance billetera_digital cajero_de_bitcoin
wire: western_union moneygram bizum oxxo yape nequi daviplata zelle spei
remote: anydesk any_desk teamviewer team_viewer acceso_remoto control_remoto supremo soporte_remoto asistencia_remota compartir_pantalla comparta_su_pantalla escritorio_remoto rustdesk ani_desk aplicacion_de_soporte
install: instalar instale instala descargar descargue descarga baje bajar abrir abra abre ejecute instalarse descargarse
computer: computadora ordenador pc equipo computador maquina portatil windows router sistema dispositivo laptop internet red
techco: microsoft windows apple google amazon norton movistar telmex vodafone orange telefonica claro facebook
techdept: soporte_tecnico servicio_tecnico departamento_tecnico area_tecnica seguridad_informatica asistencia_tecnica soporte departamento_de_sistemas servicio_de_soporte
virus: virus malware troyano infectad* infeccion hacker hackers hackead* hackeo errores pirateado pirata programa_espia espia software_malicioso
ipaddr: direccion_ip direcciones_ip licencia_de_windows cortafuegos visor_de_eventos informe_de_error
police: policia policias agente oficial inspector comisario comisaria guardia_civil policia_nacional detective sargento teniente capitan fiscalia ministerio_publico interpol policia_judicial mossos ertzaintza pdi policia_federal policia_cibernetica policia_ministerial comandante unidad_de_delitos
court: juzgado juez jueza tribunal fiscal fiscalia abogado abogada procuraduria magistrado departamento_legal notaria juridico area_juridica despacho bufete procurador gestor_judicial
taxorg: hacienda agencia_tributaria sat sunat dian afip sii servicio_de_administracion_tributaria administracion_tributaria arca impuestos_internos
gov: seguridad_social ministerio extranjeria gobierno ayuntamiento imss anses sepe migracion instituto registro_civil consulado dgt trafico inss issste
tax: impuesto impuestos declaracion_de_la_renta declaracion irpf iva tributos adeudo_fiscal devolucion_de_la_renta tributaria fiscales
legal: orden_de_arresto orden_de_detencion orden_de_captura orden_de_aprehension denuncia_penal arresto arrestar carcel prision delito delitos delito_fiscal proceso_judicial proceso_penal cargos_penales blanqueo lavado_de_dinero blanqueo_de_capitales narcotrafico embargo imputado causa_penal querella citatorio deportado deportada evasion irregularidades orden_del_juez acusacion presentacion_por_la_fuerza
drugs: drogas droga cocaina estupefacientes sustancias_ilegales contrabando pasaportes_falsos
case: numero_de_caso numero_de_expediente expediente numero_de_placa numero_de_referencia numero_de_agente folio numero_de_diligencias
debt: debe deben deuda deudas adeudo adeuda vencid* pendiente pendientes impagad* impago impagos atrasad* atraso moros* adeudos sin_pagar
parcel: paquete paquetes envio envios entrega pedido encomienda mercancia bulto maletas equipaje regalos caja
parcelco: correos seur mrw dhl fedex ups aduana aduanas estafeta servientrega paqueteria mensajeria gls correos_express nacex
held: retenid* detenid* parado bloquead* devuelt* pendiente fallid* incautad* paralizad* no_se_pudo no_hemos_podido almacen confiscad*
fee: tasa tasas tarifa arancel aranceles gastos gastos_de_envio comision cargo impuesto_de_aduana derechos_de_aduana tramite gestion costo_de_envio fianza_reembolsable cuota gastos_de_gestion impuestos_aduaneros cargo_administrativo seguro_de_envio
utility: luz electricidad gas agua energia electrica suministro iberdrola endesa naturgy cfe edenor recibo compania_electrica compania_de_luz contador medidor
disconnect: corte cortar cortamos cortarle corten cortaremos suspension desconect* interrupcion suspender baja_del_servicio cortado retirar_el_medidor
refund: reembols* devolucion devoluciones devolver* reintegro compensacion indemnizacion cobro_de_mas cobrado_de_mas abono saldo_a_favor
renew: renov* suscripcion membresia garantia licencia seguro_anual
win: premio premios ganado ganador ganadora seleccionado seleccionada
invest: invertir inversion inversiones inversor broker trading plataforma bolsa acciones forex corredor capital asesor_financiero
profit: ganancia ganancias rendimiento rendimientos rentabilidad beneficio beneficios interes intereses porcentaje duplicar triplicar ingresos_pasivos utilidades ciento
guarantee: garantizad* sin_riesgo sin_ningun_riesgo riesgo_cero no_hay_riesgo seguro_al_cien cien_por_cien oportunidad_unica exclusiv* asegurad* no_puede_perder
family: abuela abuelo abuelita abuelito mama papa mami papi madre padre hijo hija nieto nieta sobrino sobrina primo prima tia tio hermano hermana yaya yayo cunado esposo esposa marido familiar muchacho
accident: accidente choque choco carcel detenido detenida preso presa secuestrado secuestrada comisaria fianza calabozo detuvieron separos ministerio_publico
bail: fianza caucion multa abogado liberacion soltarlo soltarme
love: amor mi_amor carino mi_vida cielo corazon mi_reina bebe te_amo te_quiero princesa mi_cielo
romneed: visado visa boleto billete vuelo plataforma_petrolera militar aduana mision cirugia hospital atrapado varado
secret: secreto confidencial privado entre_nosotros discreto discrecion reservado reserva secreto_de_sumario
anyone: nadie familia marido esposo esposa mujer hijo hija hijos amigos amigo cajero banco empleados papas padres mama papa vecinos gerente policia abogado empleado ventanilla supervisor contador los_demas companeros mis_papas tus_papas mi_mama tu_mama hijos
tell: diga decir digas hable hables contar cuente cuentes comente comentar comentes mencione comparta avise avises platique platiques explique hablarlo decirle decirselo
hang: cuelgue colgar cuelgues cuelga corte_la_llamada cortar_la_llamada
stay: quedese quedate mantengase mantente permanezca siga manten mantenga espere
line: linea telefono llamada
threatverb: arrestado detenido detenida demandado encarcelado embargado deportado deportada procesado cortar retirar bloquear cancelar suspender arrestar detener demandar embargar publicar matar golpear vaciar
video: video videos fotos grabacion camara imagenes intimas intimos desnudo grabado
contacts: contactos familia amigos companeros trabajo redes redes_sociales
supervisor: supervisor supervisora jefe gerente encargado responsable superior central
bypass: saltar saltarse saltese omitir ignorar excepcion por_esta_vez hacer_una_excepcion sin_verificar sin_verificacion brincarse obviar
reset: cambiar cambie cambia actualizar restablecer resetear duplicar duplicado reemplazar portar sustituir agregar
contactinfo: numero_de_telefono telefono correo email correo_electronico direccion sim tarjeta_sim contrasena clave dispositivo celular movil chip pin
internal: lista_de_empleados directorio_de_empleados base_de_datos lista_de_clientes vpn servidor credenciales organigrama registros_de_clientes extensiones
customerdata: datos_del_cliente datos_de_un_cliente direccion_del_cliente saldo_del_cliente telefono_del_cliente direccion_registrada telefono_registrado correo_registrado informacion_del_cliente domicilio_de
colleague: oficina_central casa_matriz sistemas informatica auditoria_interna corporativo otra_sucursal la_otra_sucursal sede_central la_central soporte_interno departamento_de_informatica mesa_de_ayuda
atm: cajero retirar retire sacar saque retiro ventanilla sucursal oficina extraer
courier: mensajero repartidor companero agente empleado chofer gestor motorista alguien
collect: recoger recoja recogera recogerlo pasara pasar_a_recoger ir_a_buscar sobre entregar entregue entregarle entregarlo recogerlas
link: enlace pagina web liga link sitio url direccion_web
click: pulse pinche entre haga_clic presione abra clic click pulsar entrar ingrese pongale ponga rellene rellena llene
approve: apruebe aprobar acepte aceptar autorice autorizar confirme confirmar permita valide
prompt: notificacion aviso mensaje_en_la_app solicitud alerta ventana mensaje_emergente
keypad: marque pulse oprima presione
keys: tecla_windows tecla_de_windows windows_r simbolo_del_sistema tecla_r ejecutar
service: gracias_por_llamar en_que_puedo_ayudar* en_que_le_puedo_ayudar como_puedo_ayudar* como_le_puedo_ayudar bienvenido_a bienvenida_a le_atiende en_que_puedo_servirle en_que_le_ayudo gracias_por_comunicarse
appointment: cita citas reserva reservacion dentista doctor doctora consulta receta revision turno clinica medico
noaction: no_tiene_que_hacer_nada no_hace_falta_nada no_es_necesario_que sin_compromiso sin_costo sin_coste gratuito nada_que_pagar no_hay_que_pagar ya_quedo_liberado
official: numero_de_atras_de_su_tarjeta numero_que_aparece numero_oficial pagina_oficial en_su_sucursal en_la_sucursal oficina_mas_cercana sucursal_mas_cercana en_la_app area_de_clientes numero_de_siempre por_su_cuenta en_nuestra_web telefono_oficial en_la_carta todo_va_en_la_carta en_la_oficina pase_por_la_comisaria en_el_banco_o_en_linea telefono_que_viene
letter: carta por_correo_postal por_escrito factura notificacion_escrita certificada le_enviaremos_un_correo le_mandaremos_un_correo burofax correo_ordinario
plan: plan_de_pago plan_de_pagos fraccionar aplazamiento plazos convenio aplazar prorroga facilidades_de_pago
optout: no_me_interesa no_estoy_interesad* quitenme no_me_llamen lista_robinson dar_de_baja borrar_mis_datos
survey: encuesta cuestionario satisfaccion valorar opinion puntuacion sondeo
charity: donativo donacion ong fundacion voluntari* beneficencia cruz_roja socio colecta
scamword: estafa estafas estafador* timo phishing timar
trust: confio confiar creo creer fio segur*
fear: dios_mio ay_no ay_dios madre_mia no_puede_ser miedo asustad* que_hago ayudeme por_dios virgen_santa me_esta_asustando no_me_diga por_favor_no
excuse: perdi_el_telefono perdi_mi_celular perdi_la_cartera se_me_rompio se_me_cayo me_robaron me_asaltaron no_puedo_entrar no_tengo_acceso varado varada telefono_de_un_amigo otro_telefono telefono_del_trabajo sin_linea no_tengo_senal
scarce: cupos cupo lugares lugar plazas plaza quedan ultimos ultimas unidades habitaciones
approved: aprobado aprobada preaprobado preautorizado preautorizada seleccionado seleccionada elegida elegido califica beneficiado agraciado corresponde
benefit: descuento bono ayuda subsidio premio credito prestamo puntos regalo reembolso compensacion viaje beneficio tarjeta despensa
sysdown: se_cayo_el_sistema se_nos_cayo no_tenemos_sistema fuga_de_datos filtracion_de_datos no_me_abre_la_ficha falla_en_el_sistema
boss: gerente jefe supervisor director encargado jefa directora
device: dispositivo_nuevo nuevo_dispositivo otro_telefono otro_dispositivo beneficiario_nuevo nuevo_beneficiario telefono_desde
empty: vacian vaciar vacie vaciando vaciaron llevarse_todo queriendo_llevarse
crook: estafadores estafador delincuentes ladrones timadores gente_que alguien_que si_alguien cuando_alguien si_le_llaman si_les_llaman si_te_llaman personas_que
light: el la los las un una unos unas de del al en a su sus mi tu que lo le se por
iam: llamo llamamos hablo habla hablamos soy somos parte comunico le_marco le_hablo marco del de_la mi_nombre_es me_llamo aqui
ask: deme dame darme digame dime decirme leame leeme leerme dicteme dictarme repitame necesito necesitamos confirme confirmeme confirmar facilite facilitarme proporcione indiqueme paseme pasame enviame mandeme comparta introduzca ingrese teclee me_da me_das me_dice me_dices me_lee me_lees me_confirma me_pasa me_facilita me_dicta me_puede_dar me_puede_decir puede_darme busqueme buscame cual_es digamelo
must: tiene_que debe hay_que necesito_que haga vaya por_favor usted puede tendria_que tienes_que vamos_a quiero_que ahora
someone: alguien delincuentes hackers terceros persona individuo sujeto estan
misuse: intento intentado intentando usando utilizando usado accedido accediendo sacando sacado abierto robado robando retirando queriendo quiso clonado metido entrado presentado
blocked: bloqueada bloqueado bloquear bloquea congelada congelado congelan suspendida suspendido cancelada restringida inhabilitada comprometida hackeada vulnerada vencida caducada desactivada limitada baneada
hospital: hospital herido herida operar operacion quirofano inconsciente urgencias ambulancia
bigwin: loteria sorteo premio_mayor ganador ganadora felicidades_gano gran_premio afortunado afortunada herencia beneficiario_de numero_ganador viaje_gratis
`;
