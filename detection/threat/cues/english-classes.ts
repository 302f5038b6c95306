/** Word classes of English: `name: words`. `x*` is any word that begins with x, `a_b` are words in a row, `@name` the words of an earlier class. */
export const ENGLISH_CLASSES = `
stop: the a an this that these those your my our his her their its to of for in on at by from with and or so as is are was be been being am im it you i we they he she me us him them just please okay ok well um uh er like really actually right now then there here will would shall can could should may might do does did have has had get got very also some any as up out into over about all sir maam madam mr mrs ms miss dear yes yeah sure alright if when what who which where how than too only because ill youll were youre ive weve theyre thats hes shes oh ah hmm let lets going gonna

neg: not never no dont doesnt didnt wont cant cannot couldnt shouldnt wouldnt isnt arent wasnt nobody none without neither nor avoid refuse
if: if unless otherwise once
report: he she they someone somebody anyone anybody scammer scammers fraudster fraudsters criminals caller callers man guy woman people whoever thieves imposter impostor
reported: asked asks asking told tells said says saying claimed claims claiming wanted wants tried tries trying pretend* insisted calls called
past: did_you have_you has_anyone has_anybody did_anyone did_somebody has_someone ever had_you
except: except but_me only_me only_to_me only_with_me apart_from besides
soon: immediately immediate urgent urgently right_away straight_away straightaway at_once as_soon_as_possible asap instantly promptly this_instant this_minute without_delay
give: give tell read say send share provide confirm verify repeat dictate spell text forward enter type input need needs require required supply state disclose submit show
giveme: give tell read repeat dictate spell say need share
code: code codes passcode passcodes otp one_time_password one_time_pass one_time_pin one_time_code verification_number security_number six_digit six_digits 6_digit 4_digit four_digit eight_digit eight_digits authentication_number cancellation_number authorization_code o_t_p reset_code sms_code two_factor pass_code activation_number security_pin activation_code verification_pin login_code pass_coat
pin: pin pins pin_number password passwords passphrase login logins username user_name credentials log_in_details sign_in_details security_answer secret_word memorable_word pass_word
cvv: cvv cvc three_digits three_digit_number security_code digits_on_the_back number_on_the_back code_on_the_back expiry expiration expiry_date valid_thru
card: card cards debit_card credit_card visa_card mastercard
cardnum: card_number long_number sixteen_digit sixteen_digits 16_digit 16_digits card_details credit_card_number debit_card_number card_info card_information number_on_the_front
acctnum: account_number routing_number sort_code iban bank_details account_details banking_details banking_information bank_information checking_account_number bank_account_number account_information
id: social_security_number ssn social_security_digits last_four_of_your_social your_social national_insurance_number passport_number driver_license drivers_license license_number date_of_birth birth_date birthdate mothers_maiden_name mother_maiden_name id_number id_card identity_card medicare_number tax_id personal_details personal_information personal_info full_social
money: money funds fund cash dollars bucks pounds euros euro dollar pound payment payments deposit sum amount savings balance usd gbp eur thousand hundred grand quid
send: send sending transfer transferring transferred wire wiring move moving shift remit forward deposit depositing pay paying zelle
pay: pay paying payment settle clear cover
buy: buy buying purchase purchasing get getting pick_up grab obtain load loading
account: account accounts savings mobile_banking online_banking profile banking
block: block* lock* frozen freeze suspend* deactivat* clos* disabl* restrict* compromis* limit* hack* breach* terminat* on_hold expir* revok* cancel* banned ban destroyed stopped shut_down towed
bank: bank banks banking credit_union building_society
bankname: bank_of_america wells_fargo chase barclays hsbc lloyds natwest santander citibank capital_one halifax nationwide us_bank td_bank monzo
frauddept: fraud_department fraud_team fraud_prevention fraud_protection fraud_unit fraud_division fraud_desk security_department security_team security_division card_services card_security card_protection loss_prevention account_security account_protection risk_department verification_department verification_team customer_protection fraud_line anti_fraud fraud_investigation fraud_investigations
unusual: not_authorized not_authorised unusual suspicious unauthorized unauthorised strange fraudulent irregular irregularit* abnormal unrecognized unrecognised questionable unfamiliar
txn: transaction transactions charge charges purchase purchases activity payment payments withdrawal withdrawals transfer transfers login logins order orders movement request requests cheque
safeacct: safe_account secure_account safety_account holding_account protected_account secured_account new_account_in_your_name temporary_account government_account federal_account safe_wallet secure_wallet vault escrow protected_wallet safe_locker secure_locker federal_locker trust_account
gift: gift_card gift_cards giftcard giftcards google_play itunes steam_card steam_cards apple_card amazon_card voucher vouchers prepaid_card prepaid_cards prepaid_debit play_card play_cards vanilla_card green_dot moneypak money_pak ebay_card gif_card gift_guard electronic_card store_card store_cards prepaid_vouchers tax_vouchers
crypto: bitcoin bitcoins crypto cryptocurrency btc ethereum usdt tether wallet coinbase blockchain bit_coin bitcoin_atm bitcoin_machine crypto_atm coin_machine stablecoin digital_currency coins usdc digital_wallet
wire: western_union moneygram money_gram wire_transfer cash_app venmo zelle paypal cashapp money_order cashiers_check wire money_transfer
remote: anydesk any_desk teamviewer team_viewer supremo ultraviewer ultra_viewer logmein log_me_in screen_connect screenconnect rustdesk quick_assist quickassist remote_access remote_control remote_support remote_session remote_desktop screen_sharing share_your_screen zoho_assist aweray hop_to_desk support_app support_viewer remote_tool support_program
install: install download installing downloading open launch run
computer: computer pc laptop machine device system windows mac desktop tablet router wifi network
techco: microsoft windows apple google amazon norton mcafee geek_squad dell hp facebook meta netflix windows_support
techdept: tech_support technical_support technical_department tech_department it_support support_department computer_security internet_security cyber_security cybersecurity technical_team service_desk help_desk helpdesk security_center security_centre
virus: virus viruses malware spyware trojan infected infection hacker hackers hacked hacking errors warnings corrupted ransomware malicious bugs
ipaddr: ip_address ip_addresses license_key windows_license firewall event_viewer error_report error_reports foreign_address
police: police officer detective sheriff sergeant inspector constable deputy trooper lieutenant captain police_department sheriffs_office law_enforcement marshal marshals fbi dea federal_agent special_agent federal_bureau interpol scotland_yard homeland_security border_patrol customs_and_border crime_unit cyber_crime national_crime f_b_i warrants_division federal_investigator investigator
court: court courthouse judge magistrate prosecutor district_attorney clerk_of_the_court legal_department legal_affairs attorney attorneys lawyer bailiff bailiffs county_court federal_court solicitor legal_office
taxorg: irs i_r_s hmrc tax_office internal_revenue revenue_service tax_bureau tax_department tax_authority revenue_and_customs tax_agency cra canada_revenue treasury_department department_of_treasury tax_resolution tax_service
gov: social_security_administration social_security_office social_security medicare medicaid immigration department_of dmv federal_reserve government ministry benefits_office embassy consulate federal_trade_commission home_office citizenship state_department welfare_office
tax: tax taxes tax_return tax_returns tax_debt back_taxes unpaid_taxes tax_refund tax_rebate tax_filing tax_filings tax_record
legal: warrant warrants lawsuit lawsuits arrest arrested arresting prosecuted prosecution prosecute charges indictment jail prison sentence criminal felony court_case legal_action legal_proceedings legal_consequences custody handcuffs sued suing subpoena affidavit offence offense money_laundering laundering drug_trafficking trafficking evasion tax_evasion allegations irregularities citations contempt money_laundering crime offences tribunal obstruction bench_warrant repossess
drugs: drugs cocaine narcotics heroin illegal_substances contraband fake_passports illegal_items undeclared_money counterfeit weapons blood_in_it illegal_goods prohibited false_notes
case: case_number badge_number case_file docket docket_number file_number badge case_id employee_id reference_number
debt: owe owed owing debt debts overdue outstanding unpaid arrears past_due balance_due delinquent late_payment missed_payment back_payment unreported underpaid
parcel: parcel parcels package packages shipment delivery deliveries courier consignment packet mail_item
parcelco: fedex ups dhl usps royal_mail dpd hermes evri post_office postal_service postal customs yodel tnt amazon_delivery purolator canada_post delivery_company courier_company shipping_company
held: held hold holding stuck detained seized intercepted undeliver* failed returned waiting stopped confiscated impounded
fee: fee fees duty duties surcharge postage processing_fee release_fee handling_fee clearance_fee registration_fee shipping_fee activation_fee insurance_fee administration_fee admin_fee customs_duty import_duty customs_fee penalty port_fees shipping airport_charges stamp_duty delivery_fee transfer_tax
utility: electric electricity power gas water energy utility electric_company power_company gas_company water_company energy_company light_company meter edison
disconnect: disconnect* cut_off shut_off turn_off turned_off cutting_off shutting_off cut shut interruption switch_off
refund: refund refunds refunded rebate reimburs* compensation overcharg* overpaid overpayment over_refunded cash_back credit_back
renew: renew* subscription auto_renew* membership license_renewal warranty protection_plan annual_plan service_plan
win: winner prize prizes won winning lucky award giveaway selected
invest: invest investing investment investments investor trading trade trader broker portfolio stocks shares forex platform trading_platform mining
profit: profit profits returns return roi earnings percent percentage gains double triple dividends interest guaranteed_returns passive_income weekly_returns
guarantee: guaranteed guarantee risk_free no_risk zero_risk hundred_percent_safe cannot_lose cant_lose no_way_to_lose sure_thing insider once_in_a_lifetime exclusive_opportunity limited_time ground_floor
family: grandma grandpa granny nana grandmother grandfather mom mum dad mommy mummy daddy nan gran auntie uncle grandson granddaughter son daughter nephew niece grandad aunt cousin relative relatives child kid brother sister
accident: accident car_accident crash wreck jail jailed arrested custody kidnapped police_station bail detained locked_up in_the_back_of_a_police broken_nose
bail: bail bond bail_money lawyer_fees bondsman bail_bond release_me
love: darling sweetheart honey my_love babe baby beautiful my_dear sweetie i_love_you love_you handsome soulmate queen_of_my_heart
romneed: visa plane_ticket flight oil_rig deployed army leave rig platform contract customs camp replacement helicopter papers airport
secret: secret confidential private between_us to_yourself discreet quiet quietly
anyone: anyone anybody nobody no_one no_body family husband wife daughter son children friends friend bank_staff the_cashier cashier teller the_bank staff parents mom dad mum neighbor neighbors manager police lawyer spouse cashiers the_branch teachers colleagues neighbours coworkers no_one_else anyone_else team_leader kids
tell: tell mention speak talk discuss inform let_anyone_know explain disclose reveal telling comment
hang: hang_up hangup end_the_call put_the_phone_down drop_the_call ring_off put_down_the_phone put_me_down
stay: stay remain keep hold
line: line phone call
threatverb: arrested jailed sued prosecuted imprisoned deported handcuffed taken_into_custody taken_to_jail in_custody detained seized garnished suspended towed blacklisted disqualified terminated frozen shut_off cut_off disconnected fined
hurtverb: kill harm expose publish ruin destroy seize garnish arrest jail deport prosecute sue detain
video: video videos pictures photos recording webcam camera browsing footage intimate naked explicit nude nudes
contacts: contacts family friends colleagues employer workplace everyone_you_know social_media
supervisor: supervisor manager boss your_manager someone_senior team_leader head_office
bypass: bypass skip override ignore waive make_an_exception exception exceptions work_around workaround just_this_once go_around without_verification without_verifying forget_the_security unlock_it_anyway push_it_through
reset: reset resetting change update replace switch swap port add
contactinfo: phone_number email email_address mobile_number cell_number address number sim sim_card esim e_sim device phone recovery_email password pin two_factor mfa authenticator login
internal: extension extensions employee_directory staff_list directory customer_list client_list database org_chart crm vpn server credentials admin_login roster customer_records client_records names_of_the_supervisors
customerdata: customer_data customers_address customer_details client_details customers_details customer_information home_address cell_number_for number_on_file phone_number_on_file email_on_file address_on_file her_new_address her_home_address account_holders_name name_of_the_account_holder
colleague: head_office corporate corporate_office it_department your_it internal_it internal_audit compliance_team helpdesk help_desk headquarters another_branch other_branch regional_office same_company colleague fellow_employee back_office i_t vendor auditor audit_team
atm: atm withdraw withdrawing withdrawal take_out cash_machine teller branch
courier: courier driver agent colleague officer messenger someone representative runner
collect: collect collects collecting pick_up picks_up come_by come_to_your send_someone sending_someone hand_over handing_over hand_it envelope
link: link website web_page webpage site url www web_address
click: click clicking open tap visit go_to follow press
approve: approve accept authorize authorise confirm allow press_yes tap_yes
prompt: notification prompt push pop_up popup request message_on_your app
keypad: press
keys: windows_key windows_r windows_button start_button letter_r run_box command_prompt eventvwr ctrl
service: thank_you_for_calling thanks_for_calling thanks_for_ringing thank_you_for_contacting how_may_i_help how_can_i_help how_can_i_assist how_may_i_assist what_can_i_do_for_you how_may_i_direct welcome_to what_can_i_get_you youre_speaking_with youre_through_to
appointment: appointment appointments reschedul* booking reservation check_up checkup dentist doctor clinic prescription schedule table
noaction: no_action nothing_you_need nothing_else_you_need nothing_to_do nothing_to_pay nothing_for_you_to no_obligation its_up_to_you up_to_you free_of_charge you_dont_have_to_do you_dont_need_to_do wont_be_charged not_liable
official: number_on_the_back_of_your_card number_on_your_card number_printed_on official_number number_on_our_website number_on_your_bill number_on_your_statement main_number_and_ask published_number customer_portal self_service_portal call_us_on_the_number by_the_desk at_any_branch in_the_branch visit_a_branch visit_a_store come_to_the_office come_to_the_station pay_on_our_website on_our_website bring_your_id
letter: letter by_post by_mail in_writing written_notice mailed paper_bill invoice email_you sent_you_an_email
plan: payment_plan installments instalments hardship payment_arrangement arrangement extension_of
optout: not_interested take_me_off remove_me do_not_call off_your_list opt_out unsubscribe remove_you
survey: survey questionnaire feedback rate_your how_satisfied satisfaction on_a_scale opinion poll
charity: charity donation donations donate fundraiser fundraising foundation volunteer nonprofit
scamword: scam scams scammer scamming phishing rip_off ripoff con_artist conman hoax
trust: trust believe sure comfortable convinced
fear: oh_my_god oh_no oh_dear scared terrified afraid panicking shaking crying goodness good_lord good_grief god please_help worrying_me scaring_me
device: new_phone new_device another_device another_phone iphone samsung new_payee payee
empty: empty emptied emptying drain draining drained clean_out cleaned_out wipe_out clear_out
excuse: lost_my_phone lost_my_wallet lost_my_badge stole_my_phone phone_broke broken_phone locked_out cant_log_in cannot_log_in cant_get_into stranded borrowed_phone friends_phone different_phone work_phone repair_shop_so dead_sim no_signal camera_is_broken cant_video_call mic_is_broken
scarce: left remaining spots spot places slots slot cabins seats people_waiting other_winners others_waiting next_one_on_the_list window last_one
approved: approved qualified eligible entitled selected chosen picked preapproved qualify
benefit: discount grant relief benefit benefits rebate brace program offer upgrade loan voucher compensation payout cashback points reward rewards gift bonus card vacation holiday cruise trip
sysdown: system_is_down systems_are_down server_is_down system_down silent_failure data_leak data_breach page_wont_open wont_load_on_my_side screen_is_frozen missing_on_my_side
boss: manager supervisor director boss head_office ceo team_leader
crook: people scammers scammer fraudsters fraudster criminals crooks thieves impostors imposters hackers someone_who anyone_who somebody_who if_someone if_anyone if_anybody if_somebody when_someone if_a_caller someone_calls anyone_calls
light: a an the of to in on at for your my our his her their this that please
iam: calling this_is im i_am speaking my_names my_name_is here its youre_speaking_with
ask: give_me tell_me read_me send_me give_us tell_us i_need we_need need_your ill_need i_will_need need_to_know whats_your what_is_your whats_the what_is_the what_are_the what_was_the may_i_have can_i_have could_i_have let_me_have can_you_give could_you_give can_you_tell could_you_tell can_you_read could_you_read can_you_confirm could_you_confirm please_confirm please_provide provide confirm verify read dictate repeat enter type_in key_in spell_out share disclose
must: must have_to need_to needs_to has_to should please go_ahead i_need_you_to want_you_to you_can you_could id_like_you_to kindly just youll you_will
someone: someone somebody anyone hackers hacker criminals fraudsters they thieves a_man a_person a_woman people person individual he intruder
misuse: using used tried trying attempted accessed access accessing stole stolen opened took withdraw withdrew withdrawing spending applied wanting cloned copied sitting inside got_into broke_into
blocked: blocked locked frozen suspended deactivated closed disabled restricted compromised hacked breached terminated on_hold expired revoked cancelled canceled banned limited suspend suspension block deactivate destroyed
hospital: hospital surgery operation injured unconscious intensive_care emergency_room ambulance hurt operated
intermediary: lawyer attorney solicitor public_defender bondsman nurse doctor officer police hospital embassy friend
bigwin: lottery sweepstakes jackpot raffle grand_prize prize_draw publishers_clearing_house lucky_winner youre_the_winner you_are_a_winner you_are_the_winner our_winner selected_to_receive prize_winner second_prize first_prize winning_number claim_your_prize unclaimed_prize inheritance
giftbrand: google_play itunes steam apple amazon target ebay vanilla sephora razer walmart
`;
